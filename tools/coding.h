/*
 * coding: a table of how the pages of packs are stored.
 */
#ifndef CKPT_TOOLS_CODING_H
#define CKPT_TOOLS_CODING_H

#include "cli.h"

/* Prints it for the packs that are the operands; returns the exit status,
 * after a message if that is CLI_TROUBLE. */
int coding_table(const struct cli *c);

#endif
