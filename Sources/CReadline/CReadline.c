/* Line editing with GNU readline's callback interface.

   The blocking readline() cannot drop a half-typed line on Ctrl-C without a long jump over Swift frames, so characters
   are fed to the callback interface from a poll over standard input and a pipe. Signal handlers only write their number
   into that pipe; whichever thread they run on, the poll wakes up and the work is done outside of any handler.

   DAREC_WITHOUT_READLINE builds the empty version where readline's headers are installed, to test it. */

#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE 1
#endif

#include "CReadline.h"

#if defined(__has_include) && !defined(DAREC_WITHOUT_READLINE)
#if __has_include(<readline/readline.h>) && __has_include(<readline/history.h>)
#define DAREC_HAS_READLINE 1
#endif
#endif

#include <stdlib.h>

#ifdef DAREC_HAS_READLINE

#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

/* A person cannot look through more. */
enum { candidate_limit = 200 };

static darec_completer completer;
static void *completer_context;

static char *candidates[candidate_limit];
static size_t candidate_count;
static size_t candidate_next;
static char candidate_append;

static int wake_pipe[2] = {-1, -1};
static const int caught_signals[] = {SIGINT, SIGWINCH, SIGTSTP, SIGCONT, SIGTERM, SIGHUP};
enum { caught_signal_count = sizeof caught_signals / sizeof caught_signals[0] };

static bool line_is_ready;
static char *finished_line;

/* A locale of UTF-8 that every system of this decade has. */
static const char utf8_locale[] = "C.UTF-8";
/* True where the environment names another encoding, or none. */
static bool replaces_locale;

bool darec_readline_is_available(void) { return true; }

/* ---- completion ---- */

static void forget_candidates(void) {
  for (size_t i = 0; i < candidate_count; i++) free(candidates[i]);
  candidate_count = 0;
  candidate_next = 0;
}

void darec_readline_offer(const char *text, char append) {
  if (candidate_count == candidate_limit) return;
  char *copy = strdup(text);
  if (copy == NULL) return;
  candidates[candidate_count++] = copy;
  candidate_append = append;
}

/* readline frees what it gets, so ownership moves. */
static char *next_candidate(const char *text, int state) {
  (void)text;
  if (state == 0) candidate_next = 0;
  if (candidate_next >= candidate_count) return NULL;
  char *candidate = candidates[candidate_next];
  candidates[candidate_next++] = NULL;
  return candidate;
}

static char **complete(const char *text, int start, int end) {
  /* Never fall back to file names. */
  rl_attempted_completion_over = 1;
  if (completer == NULL || rl_line_buffer == NULL || start < 0 || end < start) return NULL;
  forget_candidates();
  candidate_append = ' ';
  completer(completer_context, rl_line_buffer, (size_t)start, (size_t)end, (char)rl_completion_quote_character);
  rl_completion_append_character = candidate_append;
  /* A folder is not a finished word: neither blank nor closing quote. */
  rl_completion_suppress_quote = candidate_append == 0;
  char **matches = candidate_count == 0 ? NULL : rl_completion_matches(text, next_candidate);
  forget_candidates();
  return matches;
}

/* ---- signals ---- */

static void wake(int signal_number) {
  int saved_error = errno;
  unsigned char byte = (unsigned char)signal_number;
  ssize_t written = write(wake_pipe[1], &byte, 1);
  (void)written;
  errno = saved_error;
}

static void catch_signals(struct sigaction saved[caught_signal_count]) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = wake;
  action.sa_flags = SA_RESTART;
  sigemptyset(&action.sa_mask);
  for (int i = 0; i < caught_signal_count; i++) {
    sigaction(caught_signals[i], NULL, &saved[i]);
    /* What the caller's caller ignores (nohup, a shell's background) stays ignored, except Ctrl-C at a prompt. */
    if (saved[i].sa_handler == SIG_IGN && caught_signals[i] != SIGINT && caught_signals[i] != SIGWINCH) continue;
    sigaction(caught_signals[i], &action, NULL);
  }
}

static void release_signals(const struct sigaction saved[caught_signal_count]) {
  for (int i = 0; i < caught_signal_count; i++) sigaction(caught_signals[i], &saved[i], NULL);
}

/* Stops the process as Ctrl-Z asks, with the terminal as the shell left it, and comes back to the same line. */
static void suspend(void) {
  struct sigaction saved;
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigemptyset(&action.sa_mask);
  rl_deprep_terminal();
  fflush(rl_outstream);
  sigaction(SIGTSTP, &action, &saved);
  /* To this thread: the stop takes effect before the call returns. */
  raise(SIGTSTP);
  /* Running again. */
  sigaction(SIGTSTP, &saved, NULL);
}

/* After a stop by anybody: the shell in front has used the terminal in its own modes. */
static void resume(void) {
  rl_deprep_terminal();
  rl_prep_terminal(1);
  rl_resize_terminal();
  rl_forced_update_display();
}

/* ---- characters ---- */

/* A line is UTF-8 whatever the environment says; without this the keys that move and delete would work on the bytes of
   a character one by one. */
static void choose_locale(void) {
  replaces_locale = false;
  if (setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0) return;
  replaces_locale = setlocale(LC_CTYPE, utf8_locale) != NULL;
}

static void finish_line(char *line);

/* Shows the prompt. Readline reads the locale from the environment each time, so it finds the better one there, and the
   environment is the user's again before anything else can look at it. */
static void install_handler(const char *prompt) {
  const char *present = replaces_locale ? getenv("LC_ALL") : NULL;
  char *kept = present == NULL ? NULL : strdup(present);
  bool replaces = replaces_locale && (present == NULL) == (kept == NULL);
  if (replaces) setenv("LC_ALL", utf8_locale, 1);
  rl_callback_handler_install(prompt, finish_line);
  if (replaces && kept != NULL) setenv("LC_ALL", kept, 1);
  if (replaces && kept == NULL) unsetenv("LC_ALL");
  free(kept);
}

/* ---- lines ---- */

static void finish_line(char *line) {
  finished_line = line;
  line_is_ready = true;
  /* Gives the terminal back while the command runs; the next prompt installs the handler again. */
  rl_callback_handler_remove();
}

void darec_readline_start(const char *name, int history_limit, darec_completer new_completer, void *context) {
  completer = new_completer;
  completer_context = context;
  choose_locale();
  /* readline keeps the pointer, and the caller's may not last. */
  char *kept = strdup(name);
  if (kept != NULL) rl_readline_name = kept;
  rl_instream = stdin;
  rl_outstream = stderr;
  /* Signals are ours, see the top of this file. */
  rl_catch_signals = 0;
  rl_catch_sigwinch = 0;
  /* The environment stays the user's: LINES and COLUMNS are not to be set. */
  rl_change_environment = 0;
  rl_attempted_completion_function = complete;
  rl_completer_word_break_characters = " \t";
  rl_completer_quote_characters = "\"'";
  rl_sort_completion_matches = 0;
  using_history();
  stifle_history(history_limit);
  if (wake_pipe[0] < 0 && pipe2(wake_pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
    wake_pipe[0] = -1;
    wake_pipe[1] = -1;
  }
}

void darec_readline_remember(const char *line) { add_history(line); }

int darec_readline_read(const char *prompt, char **line, int *signal_number, bool *dropped_text) {
  *line = NULL;
  *signal_number = 0;
  *dropped_text = false;
  if (wake_pipe[0] < 0) return DAREC_READLINE_FAILED;

  struct sigaction saved[caught_signal_count];
  unsigned char stale[64];
  while (read(wake_pipe[0], stale, sizeof stale) > 0) {
  }
  line_is_ready = false;
  finished_line = NULL;
  catch_signals(saved);
  install_handler(prompt);

  int outcome = -1;
  while (outcome < 0) {
    struct pollfd entries[2] = {{.fd = fileno(stdin), .events = POLLIN}, {.fd = wake_pipe[0], .events = POLLIN}};
    if (poll(entries, 2, -1) < 0) {
      if (errno == EINTR) continue;
      rl_callback_handler_remove();
      outcome = DAREC_READLINE_FAILED;
      break;
    }
    unsigned char number = 0;
    while (outcome < 0 && read(wake_pipe[0], &number, 1) == 1) {
      switch (number) {
        case SIGINT:
          *dropped_text = rl_end > 0;
          /* The half line goes, with undo lists, searches and numeric arguments. */
          rl_free_line_state();
          rl_callback_sigcleanup();
          /* Behind the text, wherever the cursor was. Before the handler goes: giving the terminal back returns the
             cursor to column 1, and ^C would overwrite the prompt. */
          rl_point = rl_end;
          rl_redisplay();
          fputs("^C\n", rl_outstream);
          rl_callback_handler_remove();
          fflush(rl_outstream);
          outcome = DAREC_READLINE_INTERRUPTED;
          break;
        case SIGWINCH: rl_resize_terminal(); break;
        case SIGTSTP: suspend(); resume(); break;
        case SIGCONT: resume(); break;
        default:
          rl_free_line_state();
          rl_callback_sigcleanup();
          rl_callback_handler_remove();
          *signal_number = number;
          outcome = DAREC_READLINE_TERMINATED;
      }
    }
    if (outcome >= 0) break;
    if (entries[0].revents != 0) {
      rl_callback_read_char();
      if (line_is_ready) {
        *line = finished_line;
        finished_line = NULL;
        outcome = *line == NULL ? DAREC_READLINE_END : DAREC_READLINE_LINE;
      }
    }
  }
  release_signals(saved);
  return outcome;
}

#else

bool darec_readline_is_available(void) { return false; }

void darec_readline_start(const char *name, int history_limit, darec_completer completer, void *context) {
  (void)name;
  (void)history_limit;
  (void)completer;
  (void)context;
}

void darec_readline_offer(const char *text, char append) {
  (void)text;
  (void)append;
}

void darec_readline_remember(const char *line) { (void)line; }

int darec_readline_read(const char *prompt, char **line, int *signal_number, bool *dropped_text) {
  (void)prompt;
  *line = NULL;
  *signal_number = 0;
  *dropped_text = false;
  return DAREC_READLINE_FAILED;
}

#endif

void darec_readline_free(char *line) { free(line); }
