// The kernels that know no lanes: optimizer and sums of vectors.
#include <math.h>
#include <string.h>

#include "CKernels.h"
#include "call_count.h"
#include "clones.h"

CLONES static void sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale,
                       float decay, float momentum, float rate) {
  for (ptrdiff_t i = 0; i < count; i++) {
    const float g = scale * gradient[i] + decay * p[i];
    m[i] = momentum * m[i] + g;
    p[i] -= rate * (g + momentum * m[i]);
  }
}

void vared_sgd(float *p, float *m, const float *gradient, ptrdiff_t count, float scale,
               float decay, float momentum, float rate) {
  note_call();
  sgd(p, m, gradient, count, scale, decay, momentum, rate);
}

CLONES static void add(float *y, const float *x, ptrdiff_t count) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] += x[i];
}

void vared_add(float *y, const float *x, ptrdiff_t count) {
  note_call();
  add(y, x, count);
}

// A number of less than 2^51 added to this has the nearest whole number, ties to even, in its low
// bits. Vectors without AVX-512 have no conversion of their own to 64 bits.
static const double magic = 0x1.8p52;

// The nearest whole number of |x| < 2^51.
INLINE int64_t whole(double x) {
  const double sum = x + magic;
  int64_t bits, zero;
  memcpy(&bits, &sum, sizeof bits);
  memcpy(&zero, &magic, sizeof zero);
  return bits - zero;
}

// The nearest whole number of |x| < 2^76, which is split into halves of 26 bits.
INLINE int64_t wide_whole(double x) {
  const double high = (x * 0x1p-26 + magic) - magic;
  return (int64_t)((uint64_t)whole(high) << 26) + whole(x - high * 0x1p26);
}

// The largest magnitude; not a number where there is one that is none.
INLINE float largest_magnitude(const float *x, ptrdiff_t count) {
  int32_t largest = 0;  // Floats without a sign are in the order of their bits.
  for (ptrdiff_t i = 0; i < count; i++) {
    int32_t bits;
    memcpy(&bits, x + i, sizeof bits);
    bits &= INT32_MAX;
    largest = bits > largest ? bits : largest;
  }
  float value;
  memcpy(&value, &largest, sizeof value);
  return value;
}

CLONES static bool add_fixed(int64_t *sums, const float *x, ptrdiff_t count, double scale,
                             float limit) {
  const ptrdiff_t most = 1024;
  int outside = 0;
  for (ptrdiff_t first = 0; first < count; first += most) {
    const ptrdiff_t end = count - first < most ? count : first + most;
    const float largest = largest_magnitude(x + first, end - first);
    if (largest < limit && largest * scale < 0x1p51) {
      for (ptrdiff_t i = first; i < end; i++) sums[i] += whole(x[i] * scale);
      continue;
    }
    for (ptrdiff_t i = first; i < end; i++) {
      const bool inside = fabsf(x[i]) < limit;
      outside |= !inside;
      sums[i] += wide_whole(inside ? x[i] * scale : 0);
    }
  }
  return !outside;
}

bool vared_add_fixed(int64_t *sums, const float *x, ptrdiff_t count, double scale, float limit) {
  note_call();
  return add_fixed(sums, x, count, scale, limit);
}

CLONES static void from_fixed(float *y, const int64_t *sums, ptrdiff_t count, double unit) {
  for (ptrdiff_t i = 0; i < count; i++) y[i] = (float)((double)sums[i] * unit);
}

void vared_from_fixed(float *y, const int64_t *sums, ptrdiff_t count, double unit) {
  note_call();
  from_fixed(y, sums, count, unit);
}
