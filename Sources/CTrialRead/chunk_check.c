// Undoes the filters of chunks far enough to know their lengths.
#include "chunk_check.h"

#include <hdf5.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { MOST_FILTERS = 8, CHECKSUM_BYTES = 4 };
static const hsize_t MOST_CHUNK = 1ull << 30;

typedef struct {
  hid_t set, list, space;
  int rank, filters;
  H5Z_filter_t filter[MOST_FILTERS];
  hsize_t extent[H5S_MAX_RANK], chunk[H5S_MAX_RANK];
  hsize_t bytes;  // of a chunk without filters
  hsize_t file_bytes;
  char *message;
  size_t message_bytes;
} check;

static int refuse(check *c, const char *format, ...) {
  va_list values;
  va_start(values, format);
  vsnprintf(c->message, c->message_bytes, format, values);
  va_end(values);
  return 1;
}

static int read_layout(check *c) {
  hsize_t most[H5S_MAX_RANK];
  const hid_t type = H5Dget_type(c->set), file = H5Iget_file_id(c->set);
  c->bytes = H5Tget_size(type);
  const int has_size = H5Fget_filesize(file, &c->file_bytes) >= 0;
  H5Tclose(type), H5Fclose(file);
  c->rank = H5Sget_simple_extent_dims(c->space, c->extent, most);
  if (!has_size || c->rank < 1 || H5Pget_chunk(c->list, c->rank, c->chunk) != c->rank)
    return refuse(c, "has chunks that libhdf5 does not know");
  for (int i = 0; i < c->rank; i++) {
    if (c->chunk[i] == 0 || (most[i] == c->extent[i] && c->chunk[i] > c->extent[i]))
      return refuse(c, "is damaged: its chunks are larger than itself");
    if (c->bytes > MOST_CHUNK / c->chunk[i])
      return refuse(c, "has chunks of over 1 GiB; store it in smaller ones");
    c->bytes *= c->chunk[i];
  }
  return 0;
}

// What is not one of zlib, shuffle and checksum is left to the filter's own care where it is
// somebody else's, and refused where it is one of libhdf5's own that have none.
static int read_filters(check *c, int *is_known) {
  *is_known = 1;
  c->filters = H5Pget_nfilters(c->list);
  if (c->filters < 0 || c->filters > MOST_FILTERS) return refuse(c, "has too many filters");
  for (int i = 0; i < c->filters; i++) {
    unsigned flags, options;
    size_t values = 0;
    c->filter[i] = H5Pget_filter2(c->list, (unsigned)i, &flags, &values, NULL, 0, NULL, &options);
    switch (c->filter[i]) {
      case H5Z_FILTER_DEFLATE:
      case H5Z_FILTER_SHUFFLE:
      case H5Z_FILTER_FLETCHER32: break;
      case H5Z_FILTER_SZIP:
      case H5Z_FILTER_NBIT:
      case H5Z_FILTER_SCALEOFFSET:
        return refuse(c, "is packed in a way that is not checked (szip, nbit or scale-offset); "
                         "store it with gzip, or as it is");
      default: *is_known = 0;
    }
  }
  return 0;
}

// Bytes that `data` inflates to, `most + 1` where it is more; 0 where it is not right.
static hsize_t inflated(const unsigned char *data, hsize_t length, unsigned char *room,
                        hsize_t most) {
  z_stream stream = {0};
  if (inflateInit(&stream) != Z_OK) return 0;
  stream.next_in = (unsigned char *)data;
  stream.avail_in = (unsigned)length;
  stream.next_out = room;
  stream.avail_out = (unsigned)(most + 1);
  const int status = inflate(&stream, Z_FINISH);
  const hsize_t made = stream.total_out;
  inflateEnd(&stream);
  return status == Z_STREAM_END || made > most ? made : 0;
}

// The length of a chunk whose filters are undone; 0 where that cannot be.
static hsize_t filtered_length(const check *c, const unsigned char *data, hsize_t length,
                               uint32_t left_out, unsigned char *room) {
  int is_inflated = 0, is_shuffled = 0;
  for (int i = c->filters - 1; i >= 0; i--) {
    if (left_out >> i & 1) continue;
    switch (c->filter[i]) {
      case H5Z_FILTER_FLETCHER32:
        if (length < CHECKSUM_BYTES) return 0;
        length -= CHECKSUM_BYTES;
        break;
      case H5Z_FILTER_SHUFFLE: is_shuffled = 1; break;
      default:
        if (is_inflated || is_shuffled) return 0;
        is_inflated = 1;
        length = inflated(data, length, room, c->bytes + CHECKSUM_BYTES);
    }
  }
  return length;
}

static int check_chunk(check *c, const hsize_t *at) {
  // Looked up by its place; what knows the address, too, goes through all chunks.
  hsize_t stored = 0;
  if (H5Dget_chunk_storage_size(c->set, at, &stored) < 0)
    return refuse(c, "is damaged: a chunk is not found");
  if (stored == 0) return 0;  // Never written: its fill value.
  if (stored > c->file_bytes) return refuse(c, "is damaged: a chunk is larger than the file");
  unsigned char *data = malloc(stored + 1), *room = malloc(c->bytes + CHECKSUM_BYTES + 1);
  uint32_t left_out = 0;
  hsize_t length = 0;
  if (data && room && H5Dread_chunk(c->set, H5P_DEFAULT, at, &left_out, data) >= 0)
    length = filtered_length(c, data, stored, left_out, room);
  free(data), free(room);
  if (length == c->bytes) return 0;
  return refuse(c, "is damaged: a chunk has %llu bytes instead of %llu",
                (unsigned long long)length, (unsigned long long)c->bytes);
}

static int check_rows(check *c, hsize_t first, hsize_t end) {
  hsize_t at[H5S_MAX_RANK] = {0};
  at[0] = first / c->chunk[0] * c->chunk[0];
  for (;;) {
    if (check_chunk(c, at)) return 1;
    int axis = c->rank - 1;
    for (; axis >= 0; axis--) {
      at[axis] += c->chunk[axis];
      if (at[axis] < (axis == 0 ? end : c->extent[axis])) break;
      if (axis > 0) at[axis] = 0;
    }
    if (axis < 0) return 0;
  }
}

int vared_check_chunks(int64_t dataset, unsigned long long first, unsigned long long end,
                       char *message, size_t message_bytes) {
  check c = {.set = dataset, .message = message, .message_bytes = message_bytes};
  message[0] = 0;
  c.list = H5Dget_create_plist(c.set);
  c.space = H5Dget_space(c.set);
  int status = 0, is_known = 0;
  if (c.list < 0 || c.space < 0) {
    status = refuse(&c, "has no layout");
  } else if (H5Pget_layout(c.list) == H5D_CHUNKED) {
    status = read_layout(&c) || read_filters(&c, &is_known);
#if H5_VERSION_GE(1, 10, 3)
    if (status == 0 && is_known && first < end && H5Sget_simple_extent_npoints(c.space) > 0)
      status = check_rows(&c, first, end);
#endif
  }
  if (c.list >= 0) H5Pclose(c.list);
  if (c.space >= 0) H5Sclose(c.space);
  return status;
}
