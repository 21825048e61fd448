# The short front of the build. meson.build says how; `make help` lists what.
LISTEN ?= 127.0.0.1:8080
DATA ?= data
# Packagers, and compilers newer than ours: make WERROR=false
WERROR ?= true
SUITES ?=
FUZZ_SECONDS ?= 60

.DEFAULT_GOAL := build
export WERROR
.PHONY: build run test lint asan tsan fuzz bench deps format clean help

## make          builds build/terrarium
build:
	@tools/deps.sh check build
	@tools/build.sh build -Dwerror=$(WERROR)

## make run      installs what is missing, builds, serves DATA (data) at LISTEN (127.0.0.1:8080)
run:
	@tools/deps.sh install build
	@tools/build.sh build -Dwerror=$(WERROR)
	@exec build/terrarium serve --data $(DATA) --listen $(LISTEN)

## make test     every check and test; SUITES="unit api" runs only those (test/run --help)
test:
	@tools/deps.sh install build test
	@test/run $(SUITES)

## make lint     style, static analysis and the rules of the house
lint:
	@tools/deps.sh install build test
	@test/run lint

## make asan     unit and API tests under AddressSanitizer and UndefinedBehaviorSanitizer
asan:
	@tools/deps.sh install build test
	@test/run asan

## make tsan     unit and API tests under ThreadSanitizer
tsan:
	@tools/deps.sh install build test
	@test/run tsan

## make fuzz     fuzzes each codec for FUZZ_SECONDS (60); TARGETS="json fields" only those
fuzz:
	@tools/deps.sh install build test
	@tools/fuzz.sh $(FUZZ_SECONDS) $(TARGETS)

## make bench    side-by-side benchmarks (bench/)
bench:
	@tools/deps.sh install build test bench
	@tools/build.sh build -Dwerror=$(WERROR)
	@tools/venv.sh .venv test/requirements.txt
	@bench/run

## make deps     installs the Debian packages for building and testing
deps:
	@tools/deps.sh install build test

## make format   lays the C sources out as .clang-format says
format:
	@find src test/unit fuzz -name '*.[ch]' -exec clang-format -i {} +

## make clean    removes everything that was built, but not DATA
clean:
	@rm -rf build build-* .cache .venv .venv-* test/client/node/node_modules
	@find test tools -name __pycache__ -prune -exec rm -rf {} +

## make help     this list
help:
	@sed -n 's/^## //p' Makefile
