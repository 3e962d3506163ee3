// The convolutions of R(2+1)D-18 and -34, in the order of the forward pass (torchvision's shapes).
#include <math.h>
#include <stdbool.h>
#include <string.h>

// One clip's convolution, padding kernel/2, along T, H and W. `first`: its input is plain clips.
typedef struct {
  int channels, outputs;
  int input[3], kernel[3], stride[3];
  bool first;
} convolution;

static int output_size(const convolution *c, int axis) {
  return (c->input[axis] + 2 * (c->kernel[axis] / 2) - c->kernel[axis]) / c->stride[axis] + 1;
}

static double macs(const convolution *c) {
  double result = (double)c->channels * c->outputs;
  for (int axis = 0; axis < 3; axis++) result *= (double)c->kernel[axis] * output_size(c, axis);
  return result;
}

enum { MOST_CONVOLUTIONS = 128 };

typedef struct {
  convolution list[MOST_CONVOLUTIONS];
  int count;
} network;

// Appends a convolution of an input of `shape`, which becomes that of its output.
static void add(network *n, int channels, int outputs, int shape[3], const int kernel[3],
                const int stride[3]) {
  convolution c = {.channels = channels, .outputs = outputs, .first = n->count == 0};
  memcpy(c.input, shape, sizeof c.input);
  memcpy(c.kernel, kernel, sizeof c.kernel);
  memcpy(c.stride, stride, sizeof c.stride);
  for (int axis = 0; axis < 3; axis++) shape[axis] = output_size(&c, axis);
  n->list[n->count++] = c;
}

static const int pointwise[3] = {1, 1, 1}, spatial[3] = {1, 3, 3}, temporal[3] = {3, 1, 1};

static void add_block(network *n, int channels, int planes, int stride, int shape[3]) {
  // torchvision's rule: one number of middle channels for both halves of the block.
  int middle = channels * planes * 27 / (channels * 9 + 3 * planes);
  const int along_space[3] = {1, stride, stride}, along_time[3] = {stride, 1, 1};
  add(n, channels, middle, shape, spatial, along_space);
  add(n, middle, planes, shape, temporal, along_time);
  // The shortcut reads only the pixels that its stride keeps. They are gathered first, and the
  // convolution of them is dense: oneDNN has no fast strided one in every direction.
  int kept[3] = {shape[0], shape[1], shape[2]};
  if (stride != 1 || channels != planes) add(n, channels, planes, kept, pointwise, pointwise);
  add(n, planes, middle, shape, spatial, pointwise);
  add(n, middle, planes, shape, temporal, pointwise);
}

static int scaled(int channels, double width) {
  int result = (int)floor(channels * width + 0.5);
  return result < 1 ? 1 : result;
}

static void build(network *n, int depth, double width, int frames, int size) {
  static const int blocks_18[4] = {2, 2, 2, 2}, blocks_34[4] = {3, 4, 6, 3};
  static const int stem_kernel[3] = {1, 7, 7}, stem_stride[3] = {1, 2, 2};
  const int *blocks = depth == 34 ? blocks_34 : blocks_18;
  int shape[3] = {frames, size, size};
  int channels = scaled(64, width), middle = scaled(45, width);
  n->count = 0;
  add(n, 3, middle, shape, stem_kernel, stem_stride);
  add(n, middle, channels, shape, temporal, pointwise);
  for (int stage = 0; stage < 4; stage++) {
    int planes = scaled(64 << stage, width);
    for (int i = 0; i < blocks[stage]; i++) {
      add_block(n, channels, planes, stage > 0 && i == 0 ? 2 : 1, shape);
      channels = planes;
    }
  }
}
