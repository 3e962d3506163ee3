// Only libhdf5 and the C library run in the child: what other threads of the parent held when it
// was made stays held there. glibc's malloc is usable after fork, and libhdf5 is the caller's.
#define _GNU_SOURCE
#include "trial_read.h"

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MOST_LINKS = 1000000, MOST_BYTES = 256 << 20, REASON_BYTES = 512, CPU_SECONDS = 5 };

// MARK: In the child

typedef struct {
  int pipe;
  long links;
  const char *path;
} trial;

// Ends the child; `format` has one place, for `name`.
static void refuse(const trial *t, const char *format, const char *name) {
  char text[REASON_BYTES];
  snprintf(text, sizeof text, format, name);
  _exit(write(t->pipe, text, strlen(text)) < 0 ? 3 : 1);
}

static herr_t keep_innermost(unsigned n, const H5E_error2_t *e, void *text) {
  if (n == 0 && e->desc) snprintf(text, REASON_BYTES / 2, "%s", e->desc);
  return 0;
}

// The same with libhdf5's own reason.
static void fail(const trial *t, const char *name) {
  char reason[REASON_BYTES / 2] = "unknown HDF5 failure", text[REASON_BYTES];
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, keep_innermost, reason);
  snprintf(text, sizeof text, "%.200s: %s", name, reason);
  refuse(t, "cannot read %s", text);
}

// Memory for `count` values of a type, or no return.
static void *room(const trial *t, hid_t type, hsize_t count, const char *name) {
  const size_t size = H5Tget_size(type);
  if (size == 0 || count > MOST_BYTES / size) refuse(t, "%s is too large", name);
  void *memory = calloc(count ? count : 1, size);
  if (!memory) refuse(t, "%s does not fit into memory", name);
  return memory;
}

static herr_t read_attribute(hid_t object, const char *name, const H5A_info_t *info, void *data) {
  const trial *t = data;
  (void)info;
  const hid_t attribute = H5Aopen(object, name, H5P_DEFAULT);
  const hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (type < 0 || count < 0) fail(t, name);
  void *values = room(t, type, (hsize_t)count, name);
  if (count > 0 && H5Aread(attribute, type, values) < 0) fail(t, name);
  free(values);
  H5Sclose(space), H5Tclose(type), H5Aclose(attribute);
  return 0;
}

// Refuses a dataset whose values are not in the file. libhdf5 1.10 reads past the end of memory
// where single values of a virtual one are asked for, and gives zeros for what no source has.
static void require_values(const trial *t, hid_t set, hid_t list, hsize_t count, const char *name) {
  if (H5Pget_external_count(list) > 0) refuse(t, "%s keeps its values in another file", name);
  const H5D_layout_t layout = H5Pget_layout(list);
  if (layout == H5D_VIRTUAL)
    refuse(t, "%s is virtual: its values are in other datasets; copy them into this file", name);
  if (count == 0 || layout == H5D_COMPACT) return;
  if (H5Dget_storage_size(set) == 0) refuse(t, "%s was never written", name);
#if H5_VERSION_GE(1, 10, 5)
  if (layout != H5D_CHUNKED) return;
  hsize_t extent[H5S_MAX_RANK], chunk[H5S_MAX_RANK], wanted = 1, written = 0;
  const hid_t space = H5Dget_space(set);
  const int rank = H5Sget_simple_extent_dims(space, extent, NULL);
  if (rank < 1 || H5Pget_chunk(list, rank, chunk) != rank) fail(t, name);
  for (int i = 0; i < rank; i++) wanted *= (extent[i] + chunk[i] - 1) / chunk[i];
  if (H5Dget_num_chunks(set, space, &written) < 0) fail(t, name);
  if (written < wanted) refuse(t, "part of %s was never written", name);
  H5Sclose(space);
#endif
}

// The first and the last value.
static void read_ends(const trial *t, hid_t set, hid_t type, hid_t space, const char *name) {
  hsize_t extent[H5S_MAX_RANK], places[2 * H5S_MAX_RANK] = {0}, two = 2;
  const int rank = H5Sget_simple_extent_dims(space, extent, NULL);
  if (rank < 0) fail(t, name);
  for (int i = 0; i < rank; i++) places[rank + i] = extent[i] - 1;
  const hid_t memory = H5Screate_simple(1, &two, NULL);
  if (H5Sselect_elements(space, H5S_SELECT_SET, 2, places) < 0) fail(t, name);
  void *values = room(t, type, 2, name);
  if (H5Dread(set, type, memory, space, H5P_DEFAULT, values) < 0) fail(t, name);
  free(values);
  H5Sclose(memory);
}

static void read_dataset(const trial *t, hid_t set, const char *name) {
  const hid_t type = H5Dget_type(set), space = H5Dget_space(set), list = H5Dget_create_plist(set);
  const hssize_t count = H5Sget_simple_extent_npoints(space);
  if (type < 0 || list < 0 || count < 0) fail(t, name);
  require_values(t, set, list, (hsize_t)count, name);
  const H5T_class_t kind = H5Tget_class(type);
  const int has_filters = H5Pget_nfilters(list) > 0;
  const int is_text = kind == H5T_STRING || kind == H5T_VLEN;
  if (count > 0 && (is_text || H5Sget_simple_extent_ndims(space) == 0)) {
    void *values = room(t, type, (hsize_t)count, name);
    const herr_t status = H5Dread(set, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    // A filter that this library lacks is named by whoever needs the values.
    if (status < 0 && !has_filters) fail(t, name);
    free(values);
  } else if (count > 0 && !has_filters) {
    read_ends(t, set, type, space, name);
  }
  H5Pclose(list), H5Sclose(space), H5Tclose(type);
}

static herr_t read_link(hid_t root, const char *name, const H5L_info_t *link, void *data) {
  trial *t = data;
  if (++t->links > MOST_LINKS) refuse(t, "has over a million objects, %s among them", name);
  if (link->type == H5L_TYPE_SOFT) return 0;
  if (link->type != H5L_TYPE_HARD) refuse(t, "%s is a link to another file", name);
  const hid_t object = H5Oopen(root, name, H5P_DEFAULT);
  if (object < 0) fail(t, name);
  hsize_t at = 0;
  if (H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_NATIVE, &at, read_attribute, t) < 0) fail(t, name);
  if (H5Iget_type(object) == H5I_DATASET) read_dataset(t, object, name);
  H5Oclose(object);
  return 0;
}

static void read_all(trial *t) {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_file_locking(access, 0, 1);
  H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  const hid_t file = H5Fopen(t->path, H5F_ACC_RDONLY, access);
  // Whoever opens it next says why not.
  if (file < 0) _exit(0);
  hsize_t at = 0;
  if (H5Aiterate2(file, H5_INDEX_NAME, H5_ITER_NATIVE, &at, read_attribute, t) < 0) fail(t, "/");
  if (H5Lvisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, read_link, t) < 0) fail(t, "its groups");
  _exit(0);
}

static void set_limit(int what, rlim_t most) {
  struct rlimit limit;
  if (getrlimit(what, &limit) != 0) return;
  if (limit.rlim_cur != RLIM_INFINITY && limit.rlim_cur < most) return;
  limit.rlim_cur = most;
  setrlimit(what, &limit);
}

static void run_child(int pipe, const char *path, unsigned long long most_memory) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  for (int s = 1; s < NSIG; s++) signal(s, SIG_DFL);
  sigprocmask(SIG_SETMASK, &none, NULL);
  const int nowhere = open("/dev/null", O_RDWR);
  for (int fd = 0; nowhere >= 0 && fd < 3; fd++) dup2(nowhere, fd);
  set_limit(RLIMIT_CORE, 0);
  set_limit(RLIMIT_CPU, CPU_SECONDS);
  set_limit(RLIMIT_AS, most_memory);
  trial t = {.pipe = pipe, .path = path};
  read_all(&t);
}

// MARK: In the parent

static unsigned long long address_space(void) {
  unsigned long long pages = 0;
  FILE *file = fopen("/proc/self/statm", "re");
  if (!file) return 0;
  if (fscanf(file, "%llu", &pages) != 1) pages = 0;
  fclose(file);
  return pages * (unsigned long long)sysconf(_SC_PAGESIZE);
}

static long long now_ms(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

// What the child writes until it ends; 0 where it does not in time. Time in which this process is
// stopped does not count: between two looks lies a quarter of a second, and twice that counts.
static int listen(int pipe, int seconds, char *message, size_t message_bytes) {
  long long left = 1000LL * seconds, last = now_ms();
  size_t length = 0;
  for (;;) {
    struct pollfd ready = {.fd = pipe, .events = POLLIN};
    const int found = poll(&ready, 1, 250);
    const long long now = now_ms();
    left -= now - last < 500 ? now - last : 500;
    last = now;
    if (left <= 0) return 0;
    if (found <= 0) continue;
    char part[256];
    const ssize_t got = read(pipe, part, sizeof part);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return 1;
    for (ssize_t i = 0; i < got && length + 1 < message_bytes; i++) message[length++] = part[i];
    message[length] = 0;
  }
}

int vared_trial_read(const char *path, unsigned long long memory_bytes, int seconds, char *message,
                     size_t message_bytes) {
  message[0] = 0;
  const unsigned long long most = address_space() + memory_bytes;
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return -1;
  const pid_t child = fork();
  if (child < 0) {
    const int why = errno;
    close(ends[0]), close(ends[1]);
    errno = why;
    return -1;
  }
  if (child == 0) {
    close(ends[0]);
    run_child(ends[1], path, most);
    _exit(0);
  }
  close(ends[1]);
  const int ended = listen(ends[0], seconds, message, message_bytes);
  close(ends[0]);
  if (!ended) kill(child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  if (!ended || (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU)) {
    snprintf(message, message_bytes, "libhdf5 does not come to an end with it");
    return 1;
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return 0;
  if (WIFSIGNALED(status))
    snprintf(message, message_bytes, "libhdf5 crashes on it (signal %d)", WTERMSIG(status));
  if (!message[0]) snprintf(message, message_bytes, "libhdf5 cannot read it");
  return 1;
}
