// HDF5 for Swift: predefined types and flags are C macros with calls, which Swift cannot import.
#ifndef VARED_CHDF5_SHIM_H
#define VARED_CHDF5_SHIM_H
#include <hdf5.h>
#endif
