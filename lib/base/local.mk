CORE_SOURCES += \
	lib/base/banned.h \
	lib/base/base.h \
	lib/base/buf.c lib/base/buf.h \
	lib/base/bytes.c lib/base/bytes.h \
	lib/base/dtype.c lib/base/dtype.h \
	lib/base/dtype_convert.c \
	lib/base/endian.h \
	lib/base/error.c lib/base/error.h \
	lib/base/meta.c \
	lib/base/model.c lib/base/model.h \
	lib/base/outfile.c lib/base/outfile.h \
	lib/base/schema.c lib/base/schema.h \
	lib/base/spool.c lib/base/spool.h \
	lib/base/temporary.c lib/base/temporary.h \
	lib/base/text.c lib/base/text.h \
	lib/base/threads.c lib/base/threads.h
