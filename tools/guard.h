/*
 * guard: what a tool does that is told to die: it removes its temporary
 * files and dies of the signal.
 */
#ifndef CKPT_TOOLS_GUARD_H
#define CKPT_TOOLS_GUARD_H

/* From now on SIGHUP, SIGINT and SIGTERM, unless they are ignored, do so. */
void guard_begin(void);

#endif
