/* How every fallible function reports: a Status to return, an Error to fill where the facts are. */
#ifndef FASTEINSUM_BASE_ERROR_H
#define FASTEINSUM_BASE_ERROR_H

/* name, what it means; binding/errors.c maps each to a Python exception */
#define STATUS_LIST(X)                          \
    X(OK, "success")                            \
    X(SYNTAX, "the subscripts cannot be read")  \
    X(SHAPE, "extents do not agree")            \
    X(DTYPE, "the element type cannot do this") \
    X(LIMIT, "a documented limit is exceeded")  \
    X(RANGE, "an argument is out of its range") \
    X(MEMORY, "out of memory")                  \
    X(INTERRUPTED, "the caller ended the run")

#define STATUS_ENUM(name, meaning) STATUS_##name,
typedef enum Status { STATUS_LIST(STATUS_ENUM) STATUS_COUNT } Status;
#undef STATUS_ENUM

/* Owned by the caller; the message is complete once a function has returned another status than OK.
 */
typedef struct Error {
    Status status;
    char message[768];
} Error;

#define MUST_CHECK __attribute__((warn_unused_result))

/* Fills error and returns status, so that a function can end with `return error_set(...)`. */
Status error_set(Error *error, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The usual case of error_set: an allocation failed. */
Status error_memory(Error *error);

/* "SHAPE" for STATUS_SHAPE. */
const char *status_name(Status status);

/* The only control-flow macro of the code base. */
#define TRY(call)                                 \
    do {                                          \
        Status status_ = (call);                  \
        if (status_ != STATUS_OK) return status_; \
    } while (0)

#endif
