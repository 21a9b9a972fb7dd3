# The two commands of the README are `make demo` and `make test`; `make check` is for before a commit.
.PHONY: demo test check fmt clippy deny fuzz bench up down help

help:  ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo:  ## set up what is missing and run our first user's buildspecs end to end
	@dev/demo

test:  ## set up what is missing and run every test
	@dev/test

check: fmt clippy test deny  ## everything that a commit must pass

fmt:  ## is the code formatted?
	cargo fmt --all --check

clippy:  ## lints, warnings denied
	cargo clippy --locked --workspace --all-targets -- -D warnings

deny:  ## licences, bans and sources of dependencies; advisories where the database can be had
	@dev/deny

fuzz:  ## run the fuzz targets; FUZZ_RUNS=… each
	@dev/fuzz

bench:  ## measure against rivals, side by side; ONLY=<prefix> runs a part
	@dev/bench $(ONLY)

up:  ## start the servers of the demo and the tests
	@dev/up

down:  ## end the servers that `make up` started
	@dev/down
