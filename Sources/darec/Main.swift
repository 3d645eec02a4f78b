// The executable: verbs, exit codes, wiring.

@main
struct Main {
  static func main() {}
}
