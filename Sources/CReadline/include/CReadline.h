/* A narrow door to GNU readline: no readline global and no readline type is visible through it. */

#ifndef DAREC_CREADLINE_H
#define DAREC_CREADLINE_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* All functions are for the main thread only: readline is not thread-safe. */

/* What came of darec_readline_read. */
enum {
  DAREC_READLINE_LINE = 0,        /* a line; the caller frees it with darec_readline_free */
  DAREC_READLINE_END = 1,         /* Ctrl-D on an empty line, or the terminal is gone */
  DAREC_READLINE_INTERRUPTED = 2, /* Ctrl-C: the line is dropped, "^C" and a new line are on the screen */
  DAREC_READLINE_TERMINATED = 3,  /* SIGTERM or SIGHUP arrived; its number is in *signal_number */
  DAREC_READLINE_FAILED = 4       /* no terminal can be set up */
};

/* Called to complete the word from byte `start` to byte `end` of `line`, behind `quote` when that is not 0. It answers
   by calling darec_readline_offer for every candidate. */
typedef void (*darec_completer)(void *context, const char *line, size_t start, size_t end, char quote);

/* False when the program was built where there is no readline. */
bool darec_readline_is_available(void);

/* Sets readline up once: `name` is what `$if` in the user's inputrc compares with; prompts go to standard error. */
void darec_readline_start(const char *name, int history_limit, darec_completer completer, void *context);

/* Offers one candidate for the word being completed; `append` is put behind it when it is the only one (0: nothing). */
void darec_readline_offer(const char *text, char append);

/* Adds a line to what the arrow keys recall. */
void darec_readline_remember(const char *line);

/* Shows the prompt and waits for a line; after Ctrl-C `dropped_text` says whether the line had any text. Bytes of the prompt between \001 and \002 take no room on the screen. */
int darec_readline_read(const char *prompt, char **line, int *signal_number, bool *dropped_text);

/* Frees a line. */
void darec_readline_free(char *line);

#ifdef __cplusplus
}
#endif

#endif
