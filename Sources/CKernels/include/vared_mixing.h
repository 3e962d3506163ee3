// Modulated mixing and cheap operations: what their kernels take (ClipMixing.swift).
#ifndef VARED_MIXING_H
#define VARED_MIXING_H

#include <stdbool.h>

/// One term of a mixed plane: weight · source, or, when `taps` is not null, the 3×3 depthwise
/// correlation of source with taps[9][lanes] scaled by weight (zero padding 1).
typedef struct {
  const float *source;
  const float *taps;
  float weight;
} vared_term;

/// A plane that is a sum of terms.
typedef struct {
  const vared_term *terms;
  int count;
  int height, width;
  /// Flips the taps (the adjoint operation).
  bool transposed;
} vared_mixing;

#endif
