/*
 * eval_group: names of groups of units.
 */
#include "eval.h"

enum ckpt_status
eval_group_name(const struct match_shape *s, size_t group, char **out,
    struct ckpt_error *err)
{
	const struct schema *schema = sym_plan_schema(s->plan);
	size_t units, tensor = match_order_writer(s, group, &units);
	struct buf b = BUF_INIT((size_t)1 << 20);
	enum ckpt_status st;

	if (tensor == SIZE_MAX)
		st = buf_printf(&b, err, "group %zu", group);
	else
		st = buf_printf(&b, err, "%s%s",
		    schema->tensors[s->tensors[tensor].index].name,
		    units > 1 ? " (blocks)" : "");
	if (st == CKPT_OK)
		st = buf_append(&b, "", 1, err);
	*out = (char *)b.data;
	return (st);
}
