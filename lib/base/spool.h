/*
 * spool: a file without a name, for what must be read again.
 */
#ifndef CKPT_BASE_SPOOL_H
#define CKPT_BASE_SPOOL_H

#include <stdio.h>

/* A new file in the directory that TMPDIR names, or in /tmp, gone when it is
 * closed; NULL and errno. */
FILE *spool_open(void);
int spool_fd(void); /* -1 and errno */

#endif
