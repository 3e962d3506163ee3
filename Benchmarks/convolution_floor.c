// The convolution floor: the time of every convolution of one training step of R(2+1)D, each
// direction alone on warm buffers, with oneDNN's direct algorithm in the channel-blocked layout.
// An engine that does nothing else and does it this way cannot be faster.
//
//   cc -O2 -o convolution_floor convolution_floor.c -ldnnl -lgomp -lm
//
// Prints one JSON object. Ends with status 3 where oneDNN would run its reference code: that is no
// floor.
#include <dnnl.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "convolution_shapes.h"

// libgomp's pool is oneDNN's. Declared and not included, so that no compiler's own OpenMP run-time
// takes its place.
extern void omp_set_num_threads(int threads);

typedef struct {
  int depth, frames, size, batch, threads, repetitions;
  double width;
} settings;

typedef enum { FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS } direction;
static const char *const direction_names[] = {"forward", "backward-data", "backward-weights"};

// A convolution as oneDNN is asked for it: in 5 dimensions, or in 4 where H and W are one.
typedef struct {
  dnnl_memory_desc_t source, weights, transposed, destination;
  dnnl_dims_t stride, before, after;
} form;

// Operands are never written, so that their values stay ordinary; every result goes to `result`.
typedef struct {
  float *source, *weights, *destination, *result;
} buffers;

// The status where the processor is one that oneDNN has no fast kernels for.
enum { NOT_HERE = 3 };

static dnnl_engine_t engine;
static int lanes;

static void check(dnnl_status_t status, const char *what) {
  if (status == dnnl_success) return;
  fprintf(stderr, "convolution_floor: error: oneDNN: %s failed with status %d\n", what, status);
  exit(1);
}

// MARK: oneDNN

static dnnl_dim_t padded(int channels) { return (channels + lanes - 1) / lanes * lanes; }

static dnnl_memory_desc_t described(int dimensions, dnnl_dim_t first, dnnl_dim_t second,
                                    const dnnl_dim_t *rest, dnnl_format_tag_t tag) {
  dnnl_dims_t dims = {first, second};
  memcpy(dims + 2, rest, sizeof(dnnl_dim_t) * (size_t)(dimensions - 2));
  dnnl_memory_desc_t result;
  check(dnnl_memory_desc_init_by_tag(&result, dimensions, dims, dnnl_f32, tag), "a descriptor");
  return result;
}

typedef struct {
  dnnl_format_tag_t activations, weights, transposed, first_weights;
} tags;

// By `planes` and by whether a block has 16 lanes. Backward-data reads the weights with the lanes
// of a block the other way round.
static const tags all_tags[2][2] = {
    {{dnnl_nCdhw8c, dnnl_OIdhw8i8o, dnnl_OIdhw8o8i, dnnl_Odhwi8o},
     {dnnl_nCdhw16c, dnnl_OIdhw16i16o, dnnl_OIdhw16o16i, dnnl_Odhwi16o}},
    {{dnnl_nChw8c, dnnl_OIhw8i8o, dnnl_OIhw8o8i, dnnl_Ohwi8o},
     {dnnl_nChw16c, dnnl_OIhw16i16o, dnnl_OIhw16o16i, dnnl_Ohwi16o}}};

// With `planes`, H and W count as one dimension. The memory is the same, and a 3x1 convolution has
// fast backward-weights also for fewer frames than its kernel is long, where a 3x1x1 one has none.
static form make_form(const convolution *c, int batch, bool planes) {
  form f;
  dnnl_dim_t input[3], kernel[3], output[3];
  for (int axis = 0; axis < 3; axis++) {
    input[axis] = c->input[axis];
    kernel[axis] = c->kernel[axis];
    output[axis] = output_size(c, axis);
    // A single output frame has no stride of its own; oneDNN wants one no longer than the input.
    f.stride[axis] = axis == 0 && output[0] == 1 ? input[0] : c->stride[axis];
    f.before[axis] = kernel[axis] / 2;
    f.after[axis] =
        (output[axis] - 1) * f.stride[axis] + kernel[axis] - input[axis] - f.before[axis];
  }
  if (planes) {
    input[1] *= input[2];
    output[1] *= output[2];
  }
  int dimensions = planes ? 4 : 5;
  dnnl_dim_t ins = c->first ? c->channels : padded(c->channels), outs = padded(c->outputs);
  tags tag = all_tags[planes][lanes == 16];
  if (c->first) tag.weights = tag.first_weights;
  f.source = described(dimensions, batch, ins, input, c->first ? dnnl_ncdhw : tag.activations);
  f.weights = described(dimensions, outs, ins, kernel, tag.weights);
  f.transposed = described(dimensions, outs, ins, kernel, tag.transposed);
  f.destination = described(dimensions, batch, outs, output, tag.activations);
  return f;
}

static void require_fast(const convolution *c, direction d, const_dnnl_primitive_desc_t found) {
  const char *name;
  check(dnnl_primitive_desc_query(found, dnnl_query_impl_info_str, 0, &name), "a query");
  if (!strstr(name, "ref")) return;
  fprintf(stderr,
          "convolution_floor: error: oneDNN runs %s of %dx%dx%dx%d, %dx%dx%d / %dx%dx%d -> %d "
          "channels with its reference code (%s)\n",
          direction_names[d], c->channels, c->input[0], c->input[1], c->input[2], c->kernel[0],
          c->kernel[1], c->kernel[2], c->stride[0], c->stride[1], c->stride[2], c->outputs, name);
  exit(NOT_HERE);
}

static dnnl_primitive_desc_t create_description(form *f, direction d) {
  dnnl_convolution_desc_t asked;
  dnnl_primitive_desc_t forward, result;
  check(dnnl_convolution_forward_desc_init(&asked, dnnl_forward_training, dnnl_convolution_direct,
                                           &f->source, &f->weights, NULL, &f->destination,
                                           f->stride, f->before, f->after),
        "a convolution");
  check(dnnl_primitive_desc_create(&forward, &asked, NULL, engine, NULL), "a forward convolution");
  if (d == FORWARD) return forward;
  if (d == BACKWARD_DATA) {
    check(dnnl_convolution_backward_data_desc_init(&asked, dnnl_convolution_direct, &f->source,
                                                   &f->transposed, &f->destination, f->stride,
                                                   f->before, f->after),
          "a backward-data convolution");
  } else {
    check(dnnl_convolution_backward_weights_desc_init(&asked, dnnl_convolution_direct, &f->source,
                                                      &f->weights, NULL, &f->destination,
                                                      f->stride, f->before, f->after),
          "a backward-weights convolution");
  }
  check(dnnl_primitive_desc_create(&result, &asked, NULL, engine, forward),
        "a backward convolution");
  dnnl_primitive_desc_destroy(forward);
  return result;
}

static dnnl_exec_arg_t argument(int number, const dnnl_memory_desc_t *description, float *data) {
  dnnl_exec_arg_t result = {.arg = number};
  check(dnnl_memory_create(&result.memory, description, engine, data), "a memory object");
  return result;
}

static void bind(dnnl_exec_arg_t arguments[3], const form *f, direction d, const buffers *b) {
  if (d == FORWARD) {
    arguments[0] = argument(DNNL_ARG_SRC, &f->source, b->source);
    arguments[1] = argument(DNNL_ARG_WEIGHTS, &f->weights, b->weights);
    arguments[2] = argument(DNNL_ARG_DST, &f->destination, b->result);
  } else if (d == BACKWARD_DATA) {
    arguments[0] = argument(DNNL_ARG_DIFF_DST, &f->destination, b->destination);
    arguments[1] = argument(DNNL_ARG_WEIGHTS, &f->transposed, b->weights);
    arguments[2] = argument(DNNL_ARG_DIFF_SRC, &f->source, b->result);
  } else {
    arguments[0] = argument(DNNL_ARG_SRC, &f->source, b->source);
    arguments[1] = argument(DNNL_ARG_DIFF_DST, &f->destination, b->destination);
    arguments[2] = argument(DNNL_ARG_DIFF_WEIGHTS, &f->weights, b->result);
  }
}

// MARK: Timing

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int compare(const void *a, const void *b) {
  double difference = *(const double *)a - *(const double *)b;
  return (difference > 0) - (difference < 0);
}

// The median of `repetitions` runs after one more.
static double median_seconds(const_dnnl_primitive_t primitive, const dnnl_exec_arg_t *arguments,
                             int repetitions) {
  dnnl_stream_t stream;
  check(dnnl_stream_create(&stream, engine, dnnl_stream_default_flags), "a stream");
  double *seconds = calloc((size_t)repetitions, sizeof *seconds);
  for (int i = -1; i < repetitions; i++) {
    double start = now();
    check(dnnl_primitive_execute(primitive, stream, 3, arguments), "a convolution");
    check(dnnl_stream_wait(stream), "a wait");
    if (i >= 0) seconds[i] = now() - start;
  }
  qsort(seconds, (size_t)repetitions, sizeof *seconds, compare);
  double result = seconds[repetitions / 2];
  free(seconds);
  dnnl_stream_destroy(stream);
  return result;
}

static double measure(const convolution *c, direction d, const settings *s, const buffers *b) {
  bool shorter_than_kernel = c->input[0] < c->kernel[0];
  form f = make_form(c, s->batch, shorter_than_kernel && d == BACKWARD_WEIGHTS);
  dnnl_primitive_desc_t description = create_description(&f, d);
  require_fast(c, d, description);
  dnnl_primitive_t primitive;
  check(dnnl_primitive_create(&primitive, description), "a primitive");
  dnnl_exec_arg_t arguments[3];
  bind(arguments, &f, d, b);
  double seconds = median_seconds(primitive, arguments, s->repetitions);
  for (int i = 0; i < 3; i++) dnnl_memory_destroy(arguments[i].memory);
  dnnl_primitive_destroy(primitive);
  dnnl_primitive_desc_destroy(description);
  return seconds;
}

// On huge pages where there are some, as the engine's are, and filled with ordinary numbers:
// denormals would take longer than what a network computes with.
static float *allocate(size_t bytes) {
  const size_t page = 2 << 20;
  bytes = (bytes + page - 1) / page * page;
  float *result = aligned_alloc(page, bytes);
  if (!result) check(dnnl_out_of_memory, "an allocation");
  madvise(result, bytes, MADV_HUGEPAGE);
  for (size_t i = 0; i < bytes / sizeof *result; i++) result[i] = 0.01f * (float)(i % 97 + 1);
  return result;
}

static size_t larger(size_t bytes, const dnnl_memory_desc_t *description) {
  size_t other = dnnl_memory_desc_get_size(description);
  return bytes > other ? bytes : other;
}

static buffers allocate_for(const network *n, int batch) {
  size_t source = 0, weights = 0, destination = 0;
  for (int i = 0; i < n->count; i++) {
    form f = make_form(&n->list[i], batch, false);
    source = larger(source, &f.source);
    weights = larger(larger(weights, &f.weights), &f.transposed);
    destination = larger(destination, &f.destination);
  }
  size_t result = source > destination ? source : destination;
  if (weights > result) result = weights;
  return (buffers){allocate(source), allocate(weights), allocate(destination), allocate(result)};
}

// MARK: The program

static void fail_usage(void) {
  fprintf(stderr,
          "usage: convolution_floor [--depth 18|34] [--width X] [--frames N] [--size N] "
          "[--batch N] [--threads N] [--repetitions N]\n");
  exit(2);
}

static settings parse(int count, char **words) {
  settings s = {18, 8, 112, 8, 1, 3, 1.0};
  const struct option options[] = {
      {"depth", 1, NULL, 'd'},   {"width", 1, NULL, 'w'},       {"frames", 1, NULL, 'f'},
      {"size", 1, NULL, 's'},    {"batch", 1, NULL, 'b'},       {"threads", 1, NULL, 't'},
      {"repetitions", 1, NULL, 'r'}, {NULL, 0, NULL, 0}};
  int found;
  while ((found = getopt_long(count, words, "", options, NULL)) != -1) {
    int number = optarg ? atoi(optarg) : 0;
    if (found == 'w') s.width = atof(optarg);
    else if (found == 'd') s.depth = number;
    else if (found == 'f') s.frames = number;
    else if (found == 's') s.size = number;
    else if (found == 'b') s.batch = number;
    else if (found == 't') s.threads = number;
    else if (found == 'r') s.repetitions = number;
    else fail_usage();
  }
  bool positive = s.width > 0 && s.frames > 0 && s.size > 0 && s.batch > 0 && s.threads > 0;
  if (optind < count || !positive || s.repetitions < 1 || (s.depth != 18 && s.depth != 34))
    fail_usage();
  return s;
}

int main(int count, char **words) {
  settings s = parse(count, words);
  omp_set_num_threads(s.threads);
  check(dnnl_engine_create(&engine, dnnl_cpu, 0), "an engine");
  unsigned avx512 = dnnl_cpu_isa_avx512_core;
  lanes = (dnnl_get_effective_cpu_isa() & avx512) == avx512 ? 16 : 8;
  network n;
  build(&n, s.depth, s.width, s.frames, s.size);
  buffers b = allocate_for(&n, s.batch);
  double train = 0, inference = 0, operations = 0;
  for (int i = 0; i < n.count; i++) {
    const convolution *c = &n.list[i];
    for (direction d = FORWARD; d <= BACKWARD_WEIGHTS; d++) {
      // Nobody needs the gradient of the clips.
      if (c->first && d == BACKWARD_DATA) continue;
      double seconds = measure(c, d, &s, &b);
      train += seconds;
      if (d == FORWARD) inference += seconds;
      operations += 2 * macs(c) * s.batch;
    }
  }
  const dnnl_version_t *version = dnnl_version();
  printf("{\"threads\":%d,\"train_seconds_per_step\":%.6f,\"inference_seconds_per_step\":%.6f,"
         "\"gflops\":%.1f,\"onednn\":\"%d.%d.%d\"}\n",
         s.threads, train, inference, operations / train / 1e9, version->major, version->minor,
         version->patch);
  return 0;
}
