#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire.h"
#include "words.h"

/* words.h, written from the table of tokens:
 *   messages[]: name, pattern, end. In a pattern \1 to \5 stand for a field of the kinds u d x s *.
 *   commands[]: words, and of each message a 1 where the reply may hold it. errors: those any reply may hold.
 */
#define LINE_BYTES 4096u
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

extern uint8_t tk_guard_before[], tk_guard_behind[];

static enum judge_state state;
static char line[LINE_BYTES];
static uint32_t line_length;
static char last[LINE_BYTES];
static uint32_t lines;
static char command[TK_COMMAND_BYTES + 2];
static uint32_t command_length; /* one more than fits: too long */
static int is_too_long, is_upload_announced, was_stopped;
static const char *allowed;
static uint32_t announced, armed, accepted, upload_size;
static uint8_t buffer_before[TK_DB_BYTES];

void judge_fail(const char *what)
{
    fprintf(stderr, "judge: %s\n  after the command '%s'\n  in the line '%.*s'\n", what, command, (int)line_length,
            line);
    abort();
}

static int is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static int fits(char kind, char c)
{
    switch (kind) {
    case 1:
        return c >= '0' && c <= '9';
    case 2:
        return (c >= '0' && c <= '9') || c == '-';
    case 3:
        return is_hex(c);
    case 4:
        return c >= ' ' && c <= '~';
    default:
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == '.' || c == ',' || c == '-';
    }
}

static int matches(const char *pattern, const char *text)
{
    for (; *pattern < 1 || *pattern > 5; pattern++, text++) {
        if (*pattern != *text) {
            return 0;
        }
        if (*pattern == '\0') {
            return 1;
        }
    }
    const char kind = *pattern++;
    uint32_t count = 0;
    /* A text may be empty: of an empty command, the unknown word is. */
    if ((kind == 4 || kind == 5) && matches(pattern, text)) {
        return 1;
    }
    while (fits(kind, *text)) {
        text++;
        count++;
        if ((kind != 3 || count == 8) && matches(pattern, text)) {
            return 1;
        }
    }
    return 0;
}

static int is(const char *name, uint32_t message)
{
    return strcmp(messages[message].name, name) == 0;
}

static const char *allowed_of(const char *words)
{
    const char *found = errors;
    size_t longest = 0;
    for (uint32_t i = 0; i < COUNT(commands); i++) {
        const size_t length = strlen(commands[i].words);
        const int is_it = strncmp(words, commands[i].words, length) == 0 && (words[length] == ' ' || !words[length]);
        if (is_it && length > longest) {
            longest = length;
            found = commands[i].replies;
        }
    }
    return found;
}

/* The command's words with one blank between them. */
static void tidy(void)
{
    uint32_t to = 0;
    for (uint32_t from = 0; from < command_length; from++) {
        if (command[from] != ' ' || (to > 0 && command[to - 1] != ' ')) {
            command[to++] = command[from] != '\0' ? command[from] : '\1';
        }
    }
    command[to > 0 && command[to - 1] == ' ' ? to - 1 : to] = '\0';
}

static void check_guards(void)
{
    for (uint32_t i = 0; i < TK_GUARD_BYTES; i++) {
        if (tk_guard_before[i] != 0 || tk_guard_behind[i] != 0) {
            judge_fail("a byte outside the buffer was written");
        }
    }
}

static void ready(void)
{
    check_guards();
    if (tk_db_filled() > TK_DB_BYTES) {
        judge_fail("it believes that more came than fits");
    }
    if (state == JUDGE_BUSY && is_upload_announced) {
        state = JUDGE_UPLOAD;
        accepted = 0;
        memcpy(buffer_before, tk_wire_db, TK_DB_BYTES);
        return;
    }
    if (state == JUDGE_UPLOAD && memcmp(tk_wire_db + upload_size, buffer_before + upload_size, TK_DB_BYTES - upload_size)) {
        judge_fail("an upload wrote behind what it had announced");
    }
    if (state == JUDGE_BUSY && is_too_long && (lines != 1 || strcmp(last, TOO_LONG) != 0)) {
        judge_fail("a command that is too long was not refused");
    }
    state = JUDGE_IDLE;
    command_length = 0;
    is_upload_announced = 0;
}

/* What a line says about those to come. */
static void note(uint32_t message)
{
    const uint32_t number = (uint32_t)strtoul(line + strcspn(line, "0123456789"), 0, 10);
    if (is("infer-start", message)) {
        announced = number;
    } else if (is("tk-armed", message)) {
        armed = number;
    } else if (is("tk-go", message)) {
        announced = armed;
    } else if (is("tk-load", message)) {
        upload_size = number;
        is_upload_announced = 1;
    } else if (is("stopped", message) && !was_stopped) {
        judge_fail("it was stopped by nobody");
    }
}

static void line_ended(void)
{
    const char *end = line_length > 0 && line[line_length - 1] == '\r' ? "\r\n" : "\n";
    line[line_length - (end[0] == '\r')] = '\0';
    if (state == JUDGE_UPLOAD) {
        allowed = commands[UPLOAD].replies;
    }
    for (uint32_t i = 0; i < COUNT(messages); i++) {
        if (!matches(messages[i].pattern, line) || strcmp(messages[i].end, end) != 0) {
            continue;
        }
        if (is("ready", i)) {
            ready();
            line_length = 0;
            return;
        }
        if (state != JUDGE_BANNER && allowed[i] != '1' && errors[i] != '1') {
            continue;
        }
        note(i);
        memcpy(last, line, line_length);
        last[line_length] = '\0';
        lines++;
        line_length = 0;
        return;
    }
    judge_fail("no declared message of this command");
}

void judge_begin(void)
{
    state = JUDGE_BANNER;
    line_length = command_length = lines = announced = armed = accepted = 0;
    is_upload_announced = was_stopped = is_too_long = 0;
    command[0] = last[0] = '\0';
}

enum judge_state judge_state(void)
{
    return state;
}

void judge_heard(uint8_t byte)
{
    was_stopped |= byte == TK_STOP;
    if (state != JUDGE_IDLE) {
        return;
    }
    if (byte == TK_TERMINATOR) {
        is_too_long = command_length > TK_COMMAND_BYTES;
        tidy();
        allowed = allowed_of(command);
        state = JUDGE_BUSY;
        lines = 0;
        was_stopped = 0;
    } else if (byte == TK_STOP) {
        command_length = 0;
    } else if (command_length > 0 || (byte != '\r' && byte != '\n' && byte != '\0')) {
        if (command_length < TK_COMMAND_BYTES) {
            command[command_length] = (char)byte;
        }
        command_length += command_length <= TK_COMMAND_BYTES;
    }
}

void judge_said(uint8_t byte)
{
    if (state == JUDGE_IDLE) {
        judge_fail("it speaks unasked");
    }
    if (state == JUDGE_UPLOAD && byte >= 0x80u) {
        if (line_length > 0) {
            judge_fail("a frame's answer within a line");
        }
        accepted += byte == (TK_ACCEPTED | (accepted & 0x3Fu));
        return;
    }
    if (byte == '\n') {
        line_ended();
    } else if ((byte < ' ' && byte != '\r') || byte > '~' || line_length + 1 >= LINE_BYTES) {
        judge_fail("a byte that belongs to no line");
    } else {
        line[line_length++] = (char)byte;
    }
}

void judge_waits(void)
{
    if (state != JUDGE_IDLE) {
        judge_fail("it waits, and owes an m-ready");
    }
}

uint32_t judge_announced(void)
{
    return announced;
}

uint32_t judge_accepted(void)
{
    return accepted;
}

int judge_last_was(const char *text)
{
    return lines == 1 && strcmp(last, text) == 0;
}
