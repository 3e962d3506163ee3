// libjpeg-turbo's own interface, which Swift can import as it is.
#ifndef VARED_CTURBOJPEG_SHIM_H
#define VARED_CTURBOJPEG_SHIM_H
#include <turbojpeg.h>
#endif
