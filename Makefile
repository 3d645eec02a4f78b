# darec: `make demo` and `make test` start from a bare machine with Swift 6.2 or later, git and a package registry.

SHELL := /bin/bash
.DEFAULT_GOAL := help

BUILD := swift build -c release --explicit-target-dependency-import-check error
DAREC := .build/release/darec

.PHONY: help demo test bench format lint build sample readline clean

help: ## list the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS=$$'\t' read -r name text; do printf 'make %-8s %s\n' "$$name" "$$text"; done

readline: ## install the headers of GNU readline when they are missing
	@bash .ci/readline

build: readline ## build the release binary
	@$(BUILD) --product darec 1>&2

demo: build ## train on MovieLens-100K and open darec> (or answer the script on standard input)
	@bash .ci/demo

test: readline ## build everything and run every test
	@$(BUILD) --build-tests
	@swift test -c release --skip-build

bench: build ## measure the kernels and the product of matrices against numpy
	@$(DAREC) bench gemm
	@$(DAREC) bench kernels

format: ## format all sources
	@swift format -i -r Sources Tests Package.swift

lint: ## check the format of all sources
	@swift format lint --strict -r Sources Tests Package.swift

sample: build ## make Models/sample again from planted data
	@rm -rf .build/sample-data
	@$(DAREC) sample .build/sample-data
	@$(DAREC) train --data .build/sample-data --align darec --learning-rate 5e-3 --quiet --out Models/sample
	@rm -rf Models/sample/checkpoint

clean: ## remove what was built
	@rm -rf .build
