# Hearthline.  `make help` lists the targets.
#
# Another tree beside the usual one, here with sanitizers:
#   make BUILD=build/asan CC=clang OPTIMISE="-O1 -g -fsanitize=address,undefined" units
BUILD ?= build
PYTHON := /usr/bin/python3

# Looked up once, and only when something is compiled: `make test` on a bare machine has yet to
# install pkg-config.  Debian 12 names msgpack-c's file "msgpack"; trixie names it "msgpack-c".
MSGPACK = $(shell pkg-config --exists msgpack && echo msgpack || echo msgpack-c)
PACKAGES = libevent hiredis libzmq $(MSGPACK) jansson libsodium libcurl inih sqlite3 nettle
PACKAGE_CFLAGS = $(eval PACKAGE_CFLAGS := $(shell pkg-config --cflags $(PACKAGES)))$(PACKAGE_CFLAGS)
PACKAGE_LIBS = $(eval PACKAGE_LIBS := $(shell pkg-config --libs $(PACKAGES)))$(PACKAGE_LIBS)
TEST_LIBS = $(eval TEST_LIBS := $(shell pkg-config --libs cmocka))$(TEST_LIBS)

override CFLAGS += -std=c11 -D_GNU_SOURCE -I. -Wall -Wextra -Wshadow -Wconversion -Werror \
	-Wswitch-enum -fno-strict-aliasing -fstack-protector-strong $(EXTRA) \
	$(PACKAGE_CFLAGS)
OPTIMISE ?= -O2 -g
# These two only where they are used; libical alone: its pkg-config file names two more, and it brings ICU.
override LDLIBS += $(PACKAGE_LIBS) -Wl,--as-needed -lical -larchive -Wl,--no-as-needed -lcsv -lm -lpthread

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
FUZZERS := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/fuzz/*_fuzz.c))
SHIMS := $(patsubst %.c,$(BUILD)/%.so,$(wildcard tests/shim/*.c))
REPLAYS := $(FUZZERS:%_fuzz=%_replay)
# What others are measured by needs packages of theirs: only `make bench` makes it.
RIVALS := $(BUILD)/bench/postgres
BENCHES := $(filter-out $(RIVALS),$(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/*.c)))

# Every core, unless make was told how many.
PARALLEL = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

.PHONY: all run test check bench sim fuzz soak format lint clean units fuzzers benches rivals tidy help
all: $(PROGRAMS)
.SECONDARY: # objects of tests are kept, so that the next make does not compile them again

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

# Vectors of it, which a check for the root of a negative number would prevent.
$(BUILD)/services/matcher/outline.o: OPTIMISE += -O3 -fno-math-errno

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

# Wants CC=clang and, to find anything new, OPTIMISE with -fsanitize=fuzzer-no-link: see tests/fuzz/run.sh.
$(BUILD)/tests/fuzz/%: $(BUILD)/tests/fuzz/%.o $(PURE_OBJECTS) $(BUILD)/libhearthline.a
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -fsanitize=fuzzer -o $@ $< -Wl,--start-group \
		$(PURE_OBJECTS) $(BUILD)/libhearthline.a -Wl,--end-group $(LDLIBS)

# The same target over inputs that were kept, for any compiler.
$(BUILD)/tests/fuzz/%_replay: $(BUILD)/tests/fuzz/%_fuzz.o $(BUILD)/tests/fuzz/replay.o \
		$(PURE_OBJECTS) $(BUILD)/libhearthline.a
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -o $@ $(filter %_fuzz.o %/replay.o,$^) -Wl,--start-group \
		$(PURE_OBJECTS) $(BUILD)/libhearthline.a -Wl,--end-group $(LDLIBS)

$(BUILD)/bench/%: $(BUILD)/tests/bench/%.o $(BUILD)/libhearthline.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -o $@ $(filter %.o,$^) $(BUILD)/libhearthline.a $(LDLIBS)

# They measure the matcher's own modules.
$(BUILD)/bench/search $(BUILD)/bench/match: $(patsubst %.c,$(BUILD)/%.o,$(call pure,matcher))

# The matcher itself, in a region that is drawn.
SIM_OBJECTS := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/sim/*.c))
$(BUILD)/sim/play: $(SIM_OBJECTS) $(patsubst %.c,$(BUILD)/%.o,$(call pure,matcher)) $(BUILD)/libhearthline.a
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $(OPTIMISE) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(RIVALS): tests/bench/postgres.c tests/bench/bench.h
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) $$(pkg-config --cflags libpq) $(OPTIMISE) $(LDFLAGS) -o $@ $< $$(pkg-config --libs libpq)

# A file is looked at again when its object was made anew: for a change of its own or of a header.
$(BUILD)/%.tidy: $(BUILD)/%.o .clang-tidy
	@echo "  TIDY $*.c"
	@clang-tidy --quiet $*.c -- $(CFLAGS) 2> /dev/null
	@touch $@

# LD_PRELOAD for programs under test, ours and others'.
$(BUILD)/tests/shim/%.so: tests/shim/%.c
	@mkdir -p $(@D)
	@echo "  LD $@"
	@$(CC) $(CFLAGS) -O2 -g -fPIC -shared -o $@ $<

units: $(UNIT_TESTS) $(SHIMS) $(REPLAYS)
tidy: $(patsubst %.o,%.tidy,$(filter-out %.lua.o %.json.o,$(LIBRARY_OBJECTS)) $(PURE_OBJECTS)) \
	$(patsubst %.c,$(BUILD)/%.tidy,$(SERVICES:%=services/%/main.c) deploy/referralctl/main.c)
fuzzers: $(FUZZERS)
benches: $(BENCHES) $(BUILD)/sim/play
rivals: $(RIVALS)

run: ## installs what is missing, builds and starts everything with the demo directory
	@deploy/install.sh build run
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@exec $(BUILD)/bin/referralctl up --demo --dir var

test: ## builds and runs every test; the last line is "N passed, N failed, N skipped"
	@deploy/install.sh build run test
	@$(MAKE) --no-print-directory $(PARALLEL) all units benches
	@BUILD=$(BUILD) $(PYTHON) tests/run.py $(TESTS)

check: ## format, lint, drift, both compilers, unit tests under sanitizers (CHECK_FAST=1: no tidy)
	@deploy/install.sh build run test check
	@tests/check.sh

lint: ## cppcheck, clang-tidy and shellcheck alone
	@deploy/install.sh build test check
	@tests/check.sh cppcheck tidy shell

bench: ## measures; prints a table and writes build/bench.json (BENCH=--quick: sooner)
	@deploy/install.sh build run test
	@$(MAKE) --no-print-directory $(PARALLEL) all benches
	@deploy/install.sh bench && $(MAKE) --no-print-directory rivals || true # else that row says so
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/bench/bench.py $(BENCH)

sim: ## policies side by side in simulated regions; build/sim.json and plots (QUICK=1: sooner)
	@deploy/install.sh build test
	@$(MAKE) --no-print-directory $(PARALLEL) $(BUILD)/sim/play
	@BUILD=$(BUILD) $(PYTHON) tests/sim/sim.py $(if $(QUICK),--quick) $(SIM)

SECONDS ?= 60
fuzz: ## every fuzz target for SECONDS=60 each
	@deploy/install.sh build run test check
	@tests/fuzz/run.sh $(SECONDS)

MINUTES ?= 60
soak: ## chaos for MINUTES=60, with an audit at the end
	@deploy/install.sh build run test
	@$(MAKE) --no-print-directory $(PARALLEL) all
	@BUILD=$(abspath $(BUILD)) $(PYTHON) tests/soak.py $(MINUTES)

format: ## writes every C file the way clang-format wants it
	@clang-format -i $$(git ls-files '*.c' '*.h')

clean: ## removes what was built
	@rm -rf $(BUILD)

help: ## lists these
	@echo "make          builds $(BUILD)/bin/{gateway,intake,matcher,notifier,referralctl}"
	@sed -n 's/^\([a-z]*\):.* ## /\1\t/p' $(MAKEFILE_LIST) | \
		while IFS='	' read -r target about; do printf 'make %-8s %s\n' "$$target" "$$about"; done

-include $(shell test -d $(BUILD) && find $(BUILD) -name '*.d')
