// The parser's property wrappers, where the shell's command table has types of the same names.

import ArgumentParser

typealias Argument = ArgumentParser.Argument
typealias Flag = ArgumentParser.Flag
