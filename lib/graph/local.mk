CORE_SOURCES += lib/graph/graph.h
