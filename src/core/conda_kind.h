/* conda_kind.h: conda packages (CEP 26, CEP 34, CEP 35), see core/kind.h. */
#ifndef CORE_CONDA_KIND_H
#define CORE_CONDA_KIND_H
#include "core/kind.h"

extern const struct kind conda_kind;

#endif
