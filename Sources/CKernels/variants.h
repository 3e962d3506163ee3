// How y is written by batch normalization: with a residual, with its motion, with non-temporal
// stores. Each of the eight variants, numbered by the sum of these, has loops of its own.
#ifndef VARED_VARIANTS_H
#define VARED_VARIANTS_H

#include "CKernels.h"

enum { ADDS = 1, MOVES = 2, STREAMS = 4 };

static inline int variant_of(const vared_normalization *to) {
  return (to->residual.data ? ADDS : 0) | (to->statistics.energies ? MOVES : 0) |
         (to->streamed ? STREAMS : 0);
}

// Calls f(variant) with a constant.
#define EACH_VARIANT(variant, f) \
  switch (variant) { \
    case 0: f(0); break; \
    case 1: f(1); break; \
    case 2: f(2); break; \
    case 3: f(3); break; \
    case 4: f(4); break; \
    case 5: f(5); break; \
    case 6: f(6); break; \
    case 7: f(7); \
  }

#endif
