#include "notation/subscripts.h"

#include "notation/excerpt.h"

#include <limits.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

typedef enum Token {
    TOKEN_LETTER,
    TOKEN_ELLIPSIS,
    TOKEN_COMMA,
    TOKEN_ARROW,
    TOKEN_END,
    TOKEN_NONE, /* no token starts with these characters */
} Token;

enum { LETTER_COUNT = 52, PLACE_SIZE = 32 };

/* A set of letters; A to z are less than 64 codes. */
typedef uint64_t Letters;

typedef struct Reader {
    const char *text;
    int length;
    int start, next; /* the token read last is text[start .. next) */
    Token token;
    int *labels;             /* where the next term's labels go */
    int operand;             /* whose term is read */
    bool in_output;          /* or that of the output */
    Letters known, repeated; /* that occur in inputs at all, and more than once */
    Letters kept;            /* that have occurred in the output */
    Error *error;
} Reader;

/* Fails with the message and the text, the caret under the token read last. */
__attribute__((format(printf, 2, 3))) static Status fail(const Reader *reader, const char *format,
                                                         ...) {
    char reason[192], excerpt[EXCERPT_SIZE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason, sizeof reason, format, arguments);
    va_end(arguments);
    excerpt_write(excerpt, reader->text, reader->length, reader->start);
    return error_set(reader->error, STATUS_SYNTAX, "%s%s", reason, excerpt);
}

static bool is_letter(char c) {
    return ('A' <= c && c <= 'Z') || ('a' <= c && c <= 'z');
}

static void skip_blanks(Reader *reader) {
    while (reader->next < reader->length && reader->text[reader->next] == ' ') reader->next++;
}

static bool accept(Reader *reader, char c) {
    skip_blanks(reader);
    if (reader->next == reader->length || reader->text[reader->next] != c) return false;
    reader->next++;
    return true;
}

static Token token_read(Reader *reader) {
    skip_blanks(reader);
    reader->start = reader->next;
    if (reader->next == reader->length) return TOKEN_END;
    char c = reader->text[reader->next++];
    if (is_letter(c)) return TOKEN_LETTER;
    if (c == ',') return TOKEN_COMMA;
    if (c == '-' && accept(reader, '>')) return TOKEN_ARROW;
    if (c == '.' && accept(reader, '.') && accept(reader, '.')) return TOKEN_ELLIPSIS;
    return TOKEN_NONE;
}

static void place_name(const Reader *reader, char place[PLACE_SIZE]) {
    snprintf(place, PLACE_SIZE, reader->in_output ? "the output" : "operand %d", reader->operand);
}

static Status fail_at_character(const Reader *reader) {
    char quoted[EXCERPT_QUOTE_SIZE], place[PLACE_SIZE];
    place_name(reader, place);
    excerpt_quote(quoted, reader->text, reader->length, reader->start);
    switch (reader->text[reader->start]) {
        case '.':
            return fail(reader, "'.' that is no part of '...' in %s", place);
        case '-':
            return fail(reader, "'-' that is no part of '->' after %s", place);
        default:
            return fail(reader, "invalid character %s in %s", quoted, place);
    }
}

static Status label_read(Reader *reader, Term *term) {
    int label = reader->text[reader->start];
    Letters one = UINT64_C(1) << (label - 'A');
    if (!reader->in_output) {
        reader->repeated |= reader->known & one;
        reader->known |= one;
    } else if (!(reader->known & one)) {
        return fail(reader, "label '%c' of the output occurs in no operand", label);
    } else if (reader->kept & one) {
        return fail(reader, "label '%c' occurs more than once in the output", label);
    } else {
        reader->kept |= one;
    }
    term->labels[term->label_count++] = label;
    return STATUS_OK;
}

static Status ellipsis_read(Reader *reader, Term *term) {
    if (term->ellipsis_count++ == 0) term->ellipsis = term->label_count;
    if (term->ellipsis_count > 1 && !reader->in_output) {
        return fail(reader, "more than one '...' in operand %d", reader->operand);
    }
    return STATUS_OK;
}

/* Reads a term and the token that ends it: a comma, an arrow or the end. */
static Status term_read(Reader *reader, Term *term) {
    *term = (Term){.labels = reader->labels, .ellipsis = -1};
    for (;;) {
        reader->token = token_read(reader);
        if (reader->token == TOKEN_NONE) return fail_at_character(reader);
        if (reader->token == TOKEN_LETTER) {
            TRY(label_read(reader, term));
        } else if (reader->token == TOKEN_ELLIPSIS) {
            TRY(ellipsis_read(reader, term));
        } else {
            reader->labels += term->label_count;
            return STATUS_OK;
        }
    }
}

static Status inputs_read(Reader *reader, Subscripts *subscripts) {
    int operand_count = subscripts->input_count;
    int count = 0;
    do {
        if (count == operand_count) {
            reader->start = reader->next;
            return fail(reader, "fewer operands (%d) than terms", operand_count);
        }
        reader->operand = count;
        TRY(term_read(reader, &subscripts->inputs[count++]));
    } while (reader->token == TOKEN_COMMA);
    if (count < operand_count) {
        return fail(reader, "more operands (%d) than terms (%d)", operand_count, count);
    }
    return STATUS_OK;
}

static Status output_read(Reader *reader, Term *output) {
    reader->in_output = true;
    TRY(term_read(reader, output));
    if (reader->token == TOKEN_COMMA) return fail_at_character(reader);
    if (reader->token == TOKEN_ARROW) return fail(reader, "more than one '->'");
    return STATUS_OK;
}

/* The output where there is no arrow. */
static void output_infer(const Reader *reader, Term *output) {
    *output = (Term){.labels = reader->labels, .ellipsis = 0, .ellipsis_count = 1};
    for (Letters left = reader->known & ~reader->repeated; left; left &= left - 1) {
        output->labels[output->label_count++] = 'A' + __builtin_ctzll(left);
    }
}

Status subscripts_parse(const char *text, size_t length, int operand_count, Arena *arena,
                        Subscripts *subscripts, Error *error) {
    if (length > INT_MAX - LETTER_COUNT) {
        return error_set(error, STATUS_LIMIT, "the subscripts are %zu characters long", length);
    }
    Reader reader = {.text = text, .length = (int)length, .error = error};
    reader.labels = arena_take(arena, length + LETTER_COUNT, sizeof *reader.labels);
    subscripts->inputs = arena_take(arena, (size_t)operand_count, sizeof *subscripts->inputs);
    if (!reader.labels || !subscripts->inputs) return error_memory(error);
    subscripts->input_count = operand_count;
    TRY(inputs_read(&reader, subscripts));
    subscripts->is_explicit = reader.token == TOKEN_ARROW;
    if (subscripts->is_explicit) return output_read(&reader, &subscripts->output);
    output_infer(&reader, &subscripts->output);
    return STATUS_OK;
}
