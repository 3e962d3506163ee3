// Counts calls for vared_calls; see CKernels.h.
#ifndef VARED_CALL_COUNT_H
#define VARED_CALL_COUNT_H
#include "CKernels.h"

extern bool vared_counts_calls;

static inline void note_call(void) {
  if (vared_counts_calls) vared_note_call();
}

#endif
