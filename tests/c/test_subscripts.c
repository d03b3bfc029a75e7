/* The grammar of subscripts: what is accepted and as what, what is refused and with which words. */
#include "base/memory.h"
#include "check.h"
#include "notation/subscripts.h"

#include <limits.h>
#include <stdlib.h>

enum { TEXT_SIZE = 512 };

/* A term as text again. */
static char *term_write(const Term *term, char *text) {
    int ellipses = term->ellipsis_count;
    for (int i = 0; i <= term->label_count; i++) {
        if (i == term->ellipsis) {
            for (; ellipses > 0; ellipses--) text = stpcpy(text, "...");
        }
        if (i < term->label_count) *text++ = (char)term->labels[i];
    }
    *text = '\0';
    return text;
}

static void subscripts_write(const Subscripts *subscripts, char *text) {
    for (int i = 0; i < subscripts->input_count; i++) {
        text = stpcpy(text, i > 0 ? "," : "");
        text = term_write(&subscripts->inputs[i], text);
    }
    text = stpcpy(text, "->");
    term_write(&subscripts->output, text);
}

typedef struct Accepted {
    const char *text;
    int operand_count;
    const char *canonical; /* explicit, without blanks */
} Accepted;

static const Accepted accepted[] = {
    {"ij,jk->ik", 2, "ij,jk->ik"},
    {"ij,jk", 2, "ij,jk->...ik"},
    {"ba", 1, "ba->...ab"},
    {"aB", 1, "aB->...Ba"},
    {"iI", 1, "iI->...Ii"},
    {"ii", 1, "ii->..."},
    {"iji", 1, "iji->...j"},
    {"iii,j", 2, "iii,j->...j"},
    {"i,i,i", 3, "i,i,i->..."},
    {"zZaA", 1, "zZaA->...AZaz"},
    {"", 1, "->..."},
    {",", 2, ",->..."},
    {"i,", 2, "i,->...i"},
    {"->", 1, "->"},
    {"i->", 1, "i->"},
    {"i->...", 1, "i->..."},
    {"i...", 1, "i...->...i"},
    {"...ij,...jk->...ik", 2, "...ij,...jk->...ik"},
    {"i...j->j...i", 1, "i...j->j...i"},
    {"...,...", 2, "...,...->..."},
    {" i j -> j i ", 1, "ij->ji"},
    {" . . . i ,j- >i", 2, "...i,j->i"},
    {"i.. .->. ..i", 1, "i...->...i"},
    {"...j->...j...", 1, "...j->......j"},
    {"ab->ba", 1, "ab->ba"},
};

static void accepts_the_grammar(void) {
    for (size_t i = 0; i < sizeof accepted / sizeof accepted[0]; i++) {
        const Accepted *c = &accepted[i];
        Arena arena = {0};
        Subscripts subscripts;
        Error error = {.status = STATUS_OK};
        Status status = subscripts_parse(c->text, strlen(c->text), c->operand_count, &arena,
                                         &subscripts, &error);
        CHECK_EQUAL_INT(status, STATUS_OK);
        if (status == STATUS_OK) {
            char text[TEXT_SIZE];
            subscripts_write(&subscripts, text);
            CHECK_EQUAL_TEXT(text, c->canonical);
            CHECK_EQUAL_INT(subscripts.input_count, c->operand_count);
            CHECK(subscripts.is_explicit == (strchr(c->text, '>') != NULL));
        }
        arena_free(&arena);
    }
}

typedef struct Refused {
    const char *text;
    int operand_count;
    const char *message;
} Refused;

static const Refused refused[] = {
    {"ij,j%->i", 2, "invalid character '%' in operand 1\n  ij,j%->i\n      ^"},
    {"i1", 1, "invalid character '1' in operand 0\n  i1\n   ^"},
    {"i_", 1, "invalid character '_' in operand 0\n  i_\n   ^"},
    {"(ij)", 1, "invalid character '(' in operand 0\n  (ij)\n  ^"},
    {"i->&", 1, "invalid character '&' in the output\n  i->&\n     ^"},
    {"i\tj", 1, "invalid character '\\x09' in operand 0\n  i?j\n   ^"},
    {"i\n", 1, "invalid character '\\x0a' in operand 0\n  i?\n   ^"},
    {"i\x7f", 1, "invalid character '\\x7f' in operand 0\n  i?\n   ^"},
    {"a\xc3\xa9z", 1, "invalid character '\xc3\xa9' in operand 0\n  a\xc3\xa9z\n   ^"},
    {"a\xe2\x82\xac", 1, "invalid character '\xe2\x82\xac' in operand 0\n  a\xe2\x82\xac\n   ^"},
    {"\xf0\x9f\x98\x80", 1,
     "invalid character '\xf0\x9f\x98\x80' in operand 0\n  \xf0\x9f\x98\x80\n  ^"},
    {"a\xff", 1, "invalid character '\\xff' in operand 0\n  a?\n   ^"},
    {"a\xc3z", 1, "invalid character '\\xc3' in operand 0\n  a?z\n   ^"},
    {"i..", 1, "'.' that is no part of '...' in operand 0\n  i..\n   ^"},
    {".i...", 1, "'.' that is no part of '...' in operand 0\n  .i...\n  ^"},
    {"i....", 1, "'.' that is no part of '...' in operand 0\n  i....\n      ^"},
    {"......", 1, "more than one '...' in operand 0\n  ......\n     ^"},
    {"i,...j...", 2, "more than one '...' in operand 1\n  i,...j...\n        ^"},
    {"j->..j", 1, "'.' that is no part of '...' in the output\n  j->..j\n     ^"},
    {"i-->i", 1, "'-' that is no part of '->' after operand 0\n  i-->i\n   ^"},
    {"i-j", 1, "'-' that is no part of '->' after operand 0\n  i-j\n   ^"},
    {"i->i-", 1, "'-' that is no part of '->' after the output\n  i->i-\n      ^"},
    {"i>j", 1, "invalid character '>' in operand 0\n  i>j\n   ^"},
    {"i->>i", 1, "invalid character '>' in the output\n  i->>i\n     ^"},
    {"i->i->i", 1, "more than one '->'\n  i->i->i\n      ^"},
    {"i->i,", 1, "invalid character ',' in the output\n  i->i,\n      ^"},
    {"i->ij", 1, "label 'j' of the output occurs in no operand\n  i->ij\n      ^"},
    {"->i", 1, "label 'i' of the output occurs in no operand\n  ->i\n    ^"},
    {"i->I", 1, "label 'I' of the output occurs in no operand\n  i->I\n     ^"},
    {"ij->jij", 1, "label 'j' occurs more than once in the output\n  ij->jij\n        ^"},
    {"i->i", 2, "more operands (2) than terms (1)\n  i->i\n   ^"},
    {"", 2, "more operands (2) than terms (1)\n  \n  ^"},
    {",", 1, "fewer operands (1) than terms\n  ,\n   ^"},
    {"i,j->ij", 1, "fewer operands (1) than terms\n  i,j->ij\n    ^"},
    {"", 0, "fewer operands (0) than terms\n  \n  ^"},
};

static void check_refused(const char *text, size_t length, int operand_count, Status expected,
                          const char *message) {
    Arena arena = {0};
    Subscripts subscripts;
    Error error = {.status = STATUS_OK, .message = ""};
    Status status = subscripts_parse(text, length, operand_count, &arena, &subscripts, &error);
    CHECK_EQUAL_INT(status, expected);
    CHECK_EQUAL_INT(error.status, expected);
    CHECK_EQUAL_TEXT(error.message, message);
    arena_free(&arena);
}

static void refuses_with_the_place(void) {
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        const Refused *c = &refused[i];
        check_refused(c->text, strlen(c->text), c->operand_count, STATUS_SYNTAX, c->message);
    }
    check_refused("ij\0->ji", 7, 1, STATUS_SYNTAX,
                  "invalid character '\\x00' in operand 0\n  ij?->ji\n    ^");
    check_refused("ij", (size_t)INT_MAX, 1, STATUS_LIMIT,
                  "the subscripts are 2147483647 characters long");
}

/* All that is printed of a long text is the neighbourhood of the offence. */
static void cuts_long_texts(void) {
    enum { LENGTH = 5000, AT = 2500 };
    char text[LENGTH], tail[] = "aaaa%aaaaaaaaaaaaaaaaaaaaaaa[..]\n";
    memset(text, 'a', LENGTH);
    text[AT] = '%';
    Arena arena = {0};
    Subscripts subscripts;
    Error error;
    CHECK_EQUAL_INT(subscripts_parse(text, LENGTH, 1, &arena, &subscripts, &error), STATUS_SYNTAX);
    CHECK(strstr(error.message, "operand 0\n  [..]aaaa") != NULL);
    CHECK(strstr(error.message, tail) != NULL);
    const char *line = strchr(error.message, '\n') + 1, *caret_line = strchr(line, '\n') + 1;
    CHECK_EQUAL_INT(strchr(caret_line, '^') - caret_line, strchr(line, '%') - line);
    arena_free(&arena);
}

/* A label may occur as often as it likes, and there may be many terms. */
static void has_no_limit_of_its_own(void) {
    enum { TERMS = 2000, TERM = 130 };
    size_t length = (size_t)TERMS * (TERM + 1);
    char *text = malloc(length);
    if (!CHECK(text != NULL)) return;
    memset(text, 'i', length);
    for (size_t i = 1; i < TERMS; i++) text[i * (TERM + 1)] = ',';
    text[length - 1] = 'k';
    Arena arena = {0};
    Subscripts subscripts;
    Error error;
    CHECK_EQUAL_INT(subscripts_parse(text, length, TERMS, &arena, &subscripts, &error), STATUS_OK);
    CHECK_EQUAL_INT(subscripts.inputs[TERMS / 2].label_count, TERM);
    CHECK_EQUAL_INT(subscripts.output.label_count, 1);
    CHECK_EQUAL_INT(subscripts.output.labels[0], 'k');
    arena_free(&arena);
    free(text);
}

/* Whatever room is left in the arena's block, so that each allocation in turn is the first to need
   another block, which there is not. */
static void survives_lack_of_memory(void) {
    enum { MOST_FILLER = 16384, GRAIN = 16 };
    int failures = 0, successes = 0;
    for (size_t filler = GRAIN; filler <= MOST_FILLER; filler += GRAIN) {
        Arena starved = {0};
        Subscripts subscripts;
        Error error;
        if (!CHECK(arena_take(&starved, filler, 1) != NULL)) return;
        memory_fail(0, 1);
        Status status = subscripts_parse("ij,jk->ik", 9, 2, &starved, &subscripts, &error);
        memory_fail(-1, 0);
        CHECK(status == STATUS_OK || status == STATUS_MEMORY);
        failures += status == STATUS_MEMORY;
        successes += status == STATUS_OK;
        arena_free(&starved);
        CHECK_EQUAL_INT(memory_blocks(), 0);
    }
    CHECK(failures > 0);
    CHECK(successes > 0);
}

int main(void) {
    accepts_the_grammar();
    refuses_with_the_place();
    cuts_long_texts();
    has_no_limit_of_its_own();
    survives_lack_of_memory();
    return check_report();
}
