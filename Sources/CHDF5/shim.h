// HDF5 for Swift: predefined types and flags are C macros with calls, which Swift cannot import.
#ifndef VARED_CHDF5_SHIM_H
#define VARED_CHDF5_SHIM_H
#include <hdf5.h>
#include <stdint.h>
#include <string.h>

// File access and property list classes.
static inline unsigned vared_h5f_acc_rdonly(void) { return H5F_ACC_RDONLY; }
static inline unsigned vared_h5f_acc_trunc(void) { return H5F_ACC_TRUNC; }
static inline hid_t vared_h5p_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t vared_h5p_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t vared_h5p_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t vared_h5p_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t vared_h5p_default(void) { return H5P_DEFAULT; }
static inline hid_t vared_h5s_all(void) { return H5S_ALL; }
static inline size_t vared_h5t_variable(void) { return H5T_VARIABLE; }

// Element types in memory, and a C string to copy and adjust.
static inline hid_t vared_h5t_float(void) { return H5T_NATIVE_FLOAT; }
static inline hid_t vared_h5t_double(void) { return H5T_NATIVE_DOUBLE; }
static inline hid_t vared_h5t_int32(void) { return H5T_NATIVE_INT32; }
static inline hid_t vared_h5t_int64(void) { return H5T_NATIVE_INT64; }
static inline hid_t vared_h5t_uint8(void) { return H5T_NATIVE_UINT8; }
static inline hid_t vared_h5t_little_float32(void) { return H5T_IEEE_F32LE; }
static inline hid_t vared_h5t_little_float64(void) { return H5T_IEEE_F64LE; }
static inline hid_t vared_h5t_little_int32(void) { return H5T_STD_I32LE; }
static inline hid_t vared_h5t_little_int64(void) { return H5T_STD_I64LE; }
static inline hid_t vared_h5t_c_s1(void) { return H5T_C_S1; }

// HDF5 prints its error stack on stderr by itself unless told not to (per thread in some builds).
static inline herr_t vared_h5e_silence(void) { return H5Eset_auto2(H5E_DEFAULT, NULL, NULL); }

static inline herr_t vared_h5e_keep_innermost(unsigned n, const H5E_error2_t *e, void *text) {
  if (n == 0 && e->desc) {
    strncpy((char *)text, e->desc, 511);
    ((char *)text)[511] = 0;
  }
  return 0;
}

// Copies the description of the innermost error into `text` (512 bytes); empty if there is none.
static inline void vared_h5e_innermost(char *text) {
  text[0] = 0;
  H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, vared_h5e_keep_innermost, text);
}
#endif
