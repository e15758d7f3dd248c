CORE_SOURCES += \
	lib/codec/codec.h \
	lib/codec/codec_decode.c \
	lib/codec/codec_encode.c \
	lib/codec/codec_private.h
