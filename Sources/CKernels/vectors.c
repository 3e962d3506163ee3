// The kernels that know no lanes: optimizer and sums of vectors.
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
