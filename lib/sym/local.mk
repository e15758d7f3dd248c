CORE_SOURCES += \
	lib/sym/sym.h \
	lib/sym/sym_apply.c lib/sym/sym_apply.h \
	lib/sym/sym_bits.h \
	lib/sym/sym_canonical.c \
	lib/sym/sym_cells.c lib/sym/sym_cells.h \
	lib/sym/sym_element.c \
	lib/sym/sym_gather.c lib/sym/sym_gather.h \
	lib/sym/sym_key.c lib/sym/sym_key.h \
	lib/sym/sym_leaf.c lib/sym/sym_leaf.h \
	lib/sym/sym_orbit.c \
	lib/sym/sym_part.c \
	lib/sym/sym_piece.c \
	lib/sym/sym_plan.c lib/sym/sym_plan.h \
	lib/sym/sym_prune.c lib/sym/sym_prune.h \
	lib/sym/sym_refine.c lib/sym/sym_refine.h \
	lib/sym/sym_relate.c \
	lib/sym/sym_restore.c \
	lib/sym/sym_scale.c lib/sym/sym_scale.h \
	lib/sym/sym_search.c lib/sym/sym_search.h \
	lib/sym/sym_twin.c \
	lib/sym/sym_values.c lib/sym/sym_values.h \
	lib/sym/sym_witness.c lib/sym/sym_witness.h
