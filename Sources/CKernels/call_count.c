// The count of calls of CKernels.h: one for all threads.
#include "call_count.h"

bool vared_counts_calls = false;
static ptrdiff_t calls;

void vared_count_calls(void) {
  __atomic_store_n(&calls, 0, __ATOMIC_RELAXED);
  vared_counts_calls = true;
}

void vared_note_call(void) { __atomic_fetch_add(&calls, 1, __ATOMIC_RELAXED); }

ptrdiff_t vared_calls(void) { return __atomic_load_n(&calls, __ATOMIC_RELAXED); }
