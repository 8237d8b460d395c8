/* Room: tests of nvfp4. What every test of this folder includes: cmocka and nvfp4_bare.h. */
#ifndef SHARKTANK_TESTS_NVFP4_SUPPORT_H
#define SHARKTANK_TESTS_NVFP4_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nvfp4_bare.h"

#endif
