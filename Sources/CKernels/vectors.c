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

// The nearest whole number, ties to even, of |x| < 2^76 split into halves of 26 bits: a number of
// less than 2^51 added to 1.5·2^52 has the whole number in its low bits. Vectors without AVX-512
// have no conversion of their own to 64 bits.
INLINE int64_t whole(double x) {
  const double magic = 0x1.8p52;
  const double high = (x * 0x1p-26 + magic) - magic;
  const double parts[2] = {high + magic, (x - high * 0x1p26) + magic};
  int64_t bits[2], zero;
  memcpy(bits, parts, sizeof bits);
  memcpy(&zero, &magic, sizeof zero);
  return (int64_t)((uint64_t)(bits[0] - zero) << 26) + (bits[1] - zero);
}

CLONES static bool add_fixed(int64_t *sums, const float *x, ptrdiff_t count, double scale,
                             float limit) {
  int outside = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    const bool inside = fabsf(x[i]) < limit;
    outside |= !inside;
    sums[i] += whole(inside ? x[i] * scale : 0);
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
