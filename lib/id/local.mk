CORE_SOURCES += \
	lib/id/id.c lib/id/id.h \
	lib/id/id_public.c \
	lib/id/id_schema.c \
	lib/id/id_stream.c \
	lib/id/sha256.c \
	lib/id/xxh3.c
