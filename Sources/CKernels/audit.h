// Counts calls for vared_calls; see CKernels.h.
#ifndef VARED_AUDIT_H
#define VARED_AUDIT_H
#include "CKernels.h"

extern bool counts_calls;

static inline void note_call(void) {
  if (counts_calls) vared_note_call();
}

#endif
