// Counts calls for vared_calls; see CKernels.h.
#ifndef VARED_AUDIT_H
#define VARED_AUDIT_H
#include "CKernels.h"

extern bool vared_counts_calls;

static inline void note_call(void) {
  if (vared_counts_calls) vared_note_call();
}

#endif
