/* Shows a place in a text: the part around it with a caret below. */
#ifndef FASTEINSUM_NOTATION_EXCERPT_H
#define FASTEINSUM_NOTATION_EXCERPT_H

enum {
    EXCERPT_SIZE = 512, /* bytes that any excerpt fits in */
    EXCERPT_QUOTE_SIZE = 8,
};

/* Writes two indented lines, each after a line break. What precedes position is plain ASCII; what
   follows may be UTF-8 or anything else. Long texts are cut to the neighbourhood of position. */
void excerpt_write(char buffer[EXCERPT_SIZE], const char *text, int length, int position);

/* Writes the character at position in quotes; as '\x00' if it cannot be printed. */
void excerpt_quote(char buffer[EXCERPT_QUOTE_SIZE], const char *text, int length, int position);

#endif
