#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>

Status error_set(Error *error, Status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    error->status = status;
    return status;
}

Status error_memory(Error *error) {
    return error_set(error, STATUS_MEMORY, "out of memory");
}

const char *status_name(Status status) {
#define STATUS_NAME(name, meaning) [STATUS_##name] = #name,
    static const char *const names[] = {STATUS_LIST(STATUS_NAME)};
#undef STATUS_NAME
    return names[status];
}
