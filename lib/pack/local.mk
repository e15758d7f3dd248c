CORE_SOURCES += \
	lib/pack/batch.h \
	lib/pack/batch_decode.c \
	lib/pack/batch_encode.c \
	lib/pack/columns.c lib/pack/columns.h \
	lib/pack/pack.h \
	lib/pack/pack_source.c \
	lib/pack/pack_writer.c \
	lib/pack/reader.h \
	lib/pack/reader_group.c \
	lib/pack/reader_part.c \
	lib/pack/wire.h \
	lib/pack/wire_decode.c \
	lib/pack/wire_directory.c \
	lib/pack/wire_encode.c \
	lib/pack/wire_model_decode.c \
	lib/pack/wire_model_encode.c \
	lib/pack/wire_schema_decode.c \
	lib/pack/wire_schema_encode.c \
	lib/pack/writer.h \
	lib/pack/writer_group.c \
	lib/pack/writer_part.c
