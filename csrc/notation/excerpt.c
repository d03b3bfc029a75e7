#include "notation/excerpt.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_BEFORE = 48, COLUMNS_BEHIND = 24, LONGEST_CHARACTER = 4 };

static const char indent[] = "  ", cut[] = "[..]";

/* Bytes of the printable character at position; 0 if there is none. */
static int character_length(const char *text, int length, int position) {
    const unsigned char *bytes = (const unsigned char *)text + position;
    int left = length - position;
    if (left <= 0) return 0;
    if (bytes[0] < 0x80) return bytes[0] >= 0x20 && bytes[0] != 0x7f;
    int count = bytes[0] < 0xc2 ? 0 : bytes[0] < 0xe0 ? 2 : bytes[0] < 0xf0 ? 3 : 4;
    if (count > left || bytes[0] > 0xf4) return 0;
    for (int i = 1; i < count; i++) {
        if ((bytes[i] & 0xc0) != 0x80) return 0;
    }
    return count;
}

static char *append(char *to, const char *bytes, int count) {
    memcpy(to, bytes, (size_t)count);
    return to + count;
}

/* The characters at position and behind it, unprintable ones as '?'. */
static char *append_rest(char *to, const char *text, int length, int position) {
    for (int column = 0; column < COLUMNS_BEHIND && position < length; column++) {
        int count = character_length(text, length, position);
        to = count > 0 ? append(to, text + position, count) : append(to, "?", 1);
        position += count > 0 ? count : 1;
    }
    return position < length ? append(to, cut, (int)strlen(cut)) : to;
}

void excerpt_write(char buffer[EXCERPT_SIZE], const char *text, int length, int position) {
    _Static_assert(2 * (COLUMNS_BEFORE + 8) + COLUMNS_BEHIND * LONGEST_CHARACTER + 8 < EXCERPT_SIZE,
                   "two lines with their indents and cuts fit");
    bool is_cut = position > COLUMNS_BEFORE;
    int first = is_cut ? position - COLUMNS_BEFORE : 0;
    char *end = buffer;
    *end++ = '\n';
    end = append(end, indent, (int)strlen(indent));
    if (is_cut) end = append(end, cut, (int)strlen(cut));
    end = append(end, text + first, position - first);
    int caret_column = (int)(end - buffer) - 1;
    end = append_rest(end, text, length, position);
    *end++ = '\n';
    memset(end, ' ', (size_t)caret_column);
    end += caret_column;
    *end++ = '^';
    *end = '\0';
}

void excerpt_quote(char buffer[EXCERPT_QUOTE_SIZE], const char *text, int length, int position) {
    int count = character_length(text, length, position);
    if (count > 0) {
        snprintf(buffer, EXCERPT_QUOTE_SIZE, "'%.*s'", count, text + position);
    } else {
        snprintf(buffer, EXCERPT_QUOTE_SIZE, "'\\x%02x'", (unsigned char)text[position]);
    }
}
