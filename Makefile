# Hearthline.  make | run | test | check | bench | fuzz | format | clean
# Debian 12 names msgpack-c's pkg-config file "msgpack"; trixie names it "msgpack-c".
MSGPACK := $(shell pkg-config --exists msgpack && echo msgpack || echo msgpack-c)
PACKAGES := libevent hiredis libzmq $(MSGPACK) jansson libsodium libcurl inih
BUILD ?= build
PYTHON := /usr/bin/python3

override CFLAGS += -std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Wshadow -Wconversion -Werror \
	-Wswitch-enum -fno-strict-aliasing -fstack-protector-strong $(EXTRA) \
	$(shell pkg-config --cflags $(PACKAGES))
OPTIMISE ?= -O2 -g
override LDLIBS += $(shell pkg-config --libs $(PACKAGES)) -lm -lpthread
TEST_LIBS := $(shell pkg-config --libs cmocka)

SERVICES := gateway intake matcher notifier
PROGRAMS := $(SERVICES:%=$(BUILD)/bin/%) $(BUILD)/bin/referralctl

LIBRARY_SOURCES := $(wildcard proto/*.c common/*.c)
LIBRARY_OBJECTS := $(LIBRARY_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/proto/functions.lua.o \
	$(BUILD)/proto/openapi.json.o
pure = $(filter-out services/$(1)/main.c,$(wildcard services/$(1)/*.c))
CTL_SOURCES := $(wildcard deploy/referralctl/*.c)
# Everything but the mains, so that a unit test can link any module.
PURE_OBJECTS := $(foreach s,$(SERVICES),$(patsubst %.c,$(BUILD)/%.o,$(call pure,$(s)))) \
	$(patsubst %.c,$(BUILD)/%.o,$(filter-out %/main.c,$(CTL_SOURCES)))
UNIT_SOURCES := $(wildcard tests/unit/*_test.c)
FIXTURES := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*_fixture.c))
UNIT_TESTS := $(UNIT_SOURCES:%.c=$(BUILD)/%)
FUZZ_SOURCES := $(wildcard tests/fuzz/*_fuzz.c)

.PHONY: all run test check bench fuzz sim soak format lint clean units
all: $(PROGRAMS)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC $<"
	@$(CC) $(CFLAGS) $(OPTIMISE) -MMD -MP -c -o $@ $<

# The Redis function library is part of the binaries: one file less to lose.
$(BUILD)/proto/functions.lua.o: $(sort $(wildcard proto/functions/*.lua))
	@mkdir -p $(@D)
	@cat $^ > $(BUILD)/proto/functions.lua
	@cd $(BUILD)/proto && $(LD) -r -b binary -z noexecstack -o functions.lua.o functions.lua

$(BUILD)/proto/openapi.json.o: proto/openapi.json
	@mkdir -p $(@D)
	@cd proto && $(LD) -r -b binary -z noexecstack -o $(abspath $@) openapi.json

$(BUILD)/libhearthline.a: $(LIBRARY_OBJECTS)
	@rm -f $@ && $(AR) rcs $@ $^

define service_rule
$(BUILD)/bin/$(1): $(patsubst %.c,$(BUILD)/%.o,$(wildcard services/$(1)/*.c)) $(BUILD)/libhearthline.a
	@mkdir -p $$(@D)
	@echo "  LD $$@"
	@$$(CC) $$(CFLAGS) $$(OPTIMISE) $$(LDFLAGS) -o $$@ $$^ $$(LDLIBS)
endef
$(foreach s,$(SERVICES),$(eval $(call service_rule,$(s))))

$(BUILD)/bin/referralctl: $(CTL_SOURCES:%.c=$(BUILD)/%.o) $(BUILD)/libhearthline.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/tests/unit/%: $(BUILD)/tests/unit/%.o $(FIXTURES) $(PURE_OBJECTS) $(BUILD)/libhearthline.a
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -o $@ $< $(FIXTURES) -Wl,--start-group $(PURE_OBJECTS) \
		$(BUILD)/libhearthline.a -Wl,--end-group $(TEST_LIBS) $(LDLIBS)

units: $(UNIT_TESTS)

run:
	deploy/install.sh build run
	$(MAKE) all
	exec $(BUILD)/bin/referralctl up --demo --dir var

test:
	deploy/install.sh build run test
	$(MAKE) all units
	$(PYTHON) tests/run.py

check:
	deploy/install.sh build run test check
	tests/check.sh

bench: all
	$(PYTHON) tests/bench/bench.py

SECONDS ?= 60
fuzz:
	tests/fuzz/run.sh $(SECONDS)

format:
	clang-format -i $$(git ls-files '*.c' '*.h')

clean:
	rm -rf $(BUILD)

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
