/*
 * unit: what cmocka needs included before it, and checks of statuses.
 */
#ifndef CKPT_TESTS_UNIT_H
#define CKPT_TESTS_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A call that must succeed; prints the error's text if it does not. */
#define must(call, err) do { \
	if ((call) != CKPT_OK) \
		fail_msg("%s: %s", #call, (err)->text); \
} while (0)

#endif
