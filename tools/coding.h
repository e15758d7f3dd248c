/*
 * coding: a table of how the pages of packs are stored.
 */
#ifndef CKPT_TOOLS_CODING_H
#define CKPT_TOOLS_CODING_H

#include "cli.h"

/* Prints it for packs, by their indexes, beside the bound of their weights,
 * which are all read; returns the exit status, after a message if that is
 * CLI_TROUBLE. */
int coding_table(const struct cli *c, char **paths, int n_paths);

#endif
