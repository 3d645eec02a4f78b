#define _GNU_SOURCE
#include "CPlatform.h"

#include <sched.h>
#include <unistd.h>

int cplatform_processor_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
  return (int)sysconf(_SC_NPROCESSORS_ONLN);
}
