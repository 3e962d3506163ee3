// The depthwise kernels beside the roofline: 3×3×3 of the four stages of X3D-M at 16×224², strides
// 1 and 2, every direction alone, from memory and to memory as in training, on one core.
//
//   S=../Sources/CKernels; clang -O2 -march=native -I $S/include -o depthwise_kernels \
//     depthwise_kernels.c $S/kernels.c $S/vectors.c $S/call_count.c
//
// The roofline is what the core multiplies and adds with its widest vectors, or what a copy moves
// over memory times the operations a byte that is read or written, whichever is less; both are
// measured first. Lanes that only fill a block of channels up are no operations.
#include <CKernels.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

enum { FRAMES = 16, LANES = 16, TAPS = 27, PASSES = 6, CHAINS = 12 };

static double seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + 1e-9 * t.tv_nsec;
}

static float *filled(size_t floats) {
  const size_t page = 2 << 20, bytes = (floats * sizeof(float) + page - 1) / page * page;
  float *values = aligned_alloc(page, bytes);
  if (!values) exit(1);
  madvise(values, bytes, MADV_HUGEPAGE);
  for (size_t i = 0; i < bytes / sizeof(float); i++) values[i] = (i % 97) * 0.01f - 0.4f;
  return values;
}

typedef float vector __attribute__((vector_size(LANES * 4)));

// GFLOP/s of multiply-adds that wait for nothing.
static double peak(void) {
  const int rounds = 5000000;
  vector sums[CHAINS] = {{0}}, factor = {0};
  factor += 0.999f;
  double best = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    const double start = seconds();
    for (int i = 0; i < rounds; i++) {
#pragma clang loop unroll(full)
      for (int c = 0; c < CHAINS; c++) sums[c] = sums[c] * factor + factor;
    }
    best = fmax(best, 2e-9 * CHAINS * LANES * rounds / (seconds() - start));
  }
  for (int c = 1; c < CHAINS; c++) sums[0] += sums[c];
  return sums[0][0] == 0 ? 0 : best;
}

// GB/s, read and written.
static double copy(void) {
  const size_t floats = 48 << 20;
  float *from = filled(floats), *to = filled(floats);
  double best = 0;
  for (int pass = 0; pass < PASSES; pass++) {
    const double start = seconds();
    for (size_t i = 0; i < floats; i += LANES)
      __builtin_nontemporal_store(*(vector *)(from + i), (vector *)(to + i));
    best = fmax(best, 8e-9 * floats / (seconds() - start));
  }
  free(from), free(to);
  return best;
}

typedef struct {
  int channels, size, stride;
} layer;

typedef struct {
  const vared_kernels *kernels;
  vared_depthwise shape;
  float *x, *y, *dx, *weights, *dw;
  size_t in, out;
  int items;
} job;

// Seconds of all items, the least of some passes.
static double timed(const job *j, int direction) {
  double least = 1e9, sums[2 * LANES] = {0};
  for (int pass = 0; pass < PASSES; pass++) {
    const double start = seconds();
    for (int i = 0; i < j->items; i++) {
      float *x = j->x + i * j->in, *y = j->y + i * j->out, *dx = j->dx + i * j->in;
      const vared_depthwise *s = &j->shape;
      if (direction == 0) j->kernels->depthwise(s, x, j->weights, y, 0, FRAMES, sums, true);
      // dy is in memory of the thread, in the caches.
      if (direction == 1) j->kernels->depthwise_gradient(s, j->y, j->weights, dx, 0, FRAMES, true);
      if (direction == 2) j->kernels->depthwise_weights(s, x, j->y, j->dw);
    }
    least = fmin(least, seconds() - start);
  }
  return least;
}

static void measure(layer l, double peak, double copy) {
  const int size = (l.size - 1) / l.stride + 1, blocks = (l.channels + LANES - 1) / LANES;
  job j = {vared_kernels_for(LANES),
           {{FRAMES, l.size, l.size}, {FRAMES, size, size}, {3, 3, 3}, l.stride, 0}};
  j.in = (size_t)FRAMES * l.size * l.size * LANES, j.out = (size_t)FRAMES * size * size * LANES;
  // More than any cache holds.
  j.items = ((64 << 20) / (int)j.in + 1) * blocks;
  j.x = filled(j.in * j.items), j.y = filled(j.out * j.items), j.dx = filled(j.in * j.items);
  j.weights = filled(TAPS * LANES), j.dw = filled(TAPS * LANES);
  const double operations = 2.0 * TAPS * j.out * j.items / blocks / LANES * l.channels;
  printf("%4d channels, %3d x %3d, stride %d:", l.channels, l.size, l.size, l.stride);
  const char *const names[] = {"forward", "input's gradient", "weights' gradient"};
  for (int direction = 0; direction < 3; direction++) {
    // dy comes from the caches.
    const double floats = direction == 0 ? j.in + j.out : j.in;
    const double bound = fmin(peak, copy * 2 * TAPS * j.out / (4 * floats));
    const double rate = 1e-9 * operations / timed(&j, direction);
    printf(" %s %.0f, %.2f of %.0f;", names[direction], rate, rate / bound, bound);
  }
  printf("\n");
  free(j.x), free(j.y), free(j.dx), free(j.weights), free(j.dw);
}

int main(void) {
  static const layer layers[] = {{54, 112, 2}, {54, 56, 1},  {108, 56, 2}, {108, 28, 1},
                                 {216, 28, 2}, {216, 14, 1}, {432, 14, 2}, {432, 7, 1}};
  const double multiplied = peak(), copied = copy();
  printf("multiply-adds %.0f GFLOP/s, copy %.0f GB/s\n", multiplied, copied);
  for (size_t i = 0; i < sizeof(layers) / sizeof(*layers); i++)
    measure(layers[i], multiplied, copied);
  return 0;
}
