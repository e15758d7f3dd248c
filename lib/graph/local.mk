CORE_SOURCES += \
	lib/graph/graph.c lib/graph/graph.h \
	lib/graph/graph_block.c \
	lib/graph/graph_build.c lib/graph/graph_build.h \
	lib/graph/graph_line.c lib/graph/graph_line.h \
	lib/graph/graph_names.c lib/graph/graph_names.h \
	lib/graph/graph_number.c \
	lib/graph/graph_op.c \
	lib/graph/graph_parse.c \
	lib/graph/graph_shape.c \
	lib/graph/symmetry.c \
	lib/graph/symmetry_alike.c \
	lib/graph/symmetry_derive.c lib/graph/symmetry_derive.h \
	lib/graph/symmetry_explain.c \
	lib/graph/symmetry_lines.c \
	lib/graph/symmetry_settle.c \
	lib/graph/symmetry_table.h \
	lib/graph/symmetry_text.c \
	lib/graph/symmetry_units.c lib/graph/symmetry_units.h

# The architectures that are compiled in.
ARCH_FILES = \
	arch/lenet5-relu.arch \
	arch/lenet5-tanh.arch \
	arch/mlp-784-512.arch \
	arch/optunet.arch \
	arch/resnet18-cifar.arch \
	arch/resnet18.arch \
	arch/resnet20-fashion.arch \
	arch/resnet20-frn-silu-fashion.arch \
	arch/resnet20-frn-silu.arch \
	arch/resnet20.arch \
	arch/resnet50.arch \
	arch/vgg16-bn-cifar.arch \
	arch/vgg16-bn.arch \
	arch/vgg16-cifar.arch \
	arch/vgg16.arch \
	arch/wrn28-10.arch
EXTRA_DIST += $(ARCH_FILES) lib/graph/shipped.awk
nodist_lib_libcore_la_SOURCES = lib/graph/graph_shipped.c
CLEANFILES += lib/graph/graph_shipped.c
lib/graph/graph_shipped.c: $(ARCH_FILES) lib/graph/shipped.awk
	$(AM_V_GEN)$(MKDIR_P) lib/graph && (cd $(srcdir) && \
	LC_ALL=C $(AWK) -f lib/graph/shipped.awk $(ARCH_FILES)) >$@.tmp && \
	mv $@.tmp $@
