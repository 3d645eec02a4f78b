// The plan that `darec experiment --example` prints.

import Files

extension ExperimentPlan {
  /// A small plan on planted data that uses most of what a plan can say.
  package static let example: JSONValue = [
    "schema": "darec/experiment-plan/1",
    "data": [["name": "planted", "options": ["--data", "Data/planted"]]],
    "training": ["epochs": 200, "learning_rate": 0.005, "patience": 5],
    "models": ["lightgcn", ["name": "bprmf", "label": "bprmf-16", "set": ["dimension": 16]]],
    "alignments": [
      "none", "darec",
      ["name": "darec", "label": "darec shuffled", "text_control": "shuffled"],
    ],
    "seeds": [2023, 2024, 2025],
    "tuning": [
      "seeds": [2023], "budget": 4, "sampling": "random",
      "grids": [
        "darec": ["lambda": [0.01, 0.1, 1.0], "centres": [4, 8]],
        "none": ["regularization": [0.00001, 0.0001, 0.001, 0.01]],
      ],
    ],
    "sweeps": [
      ["data": "planted", "model": "lightgcn", "alignment": "darec", "option": "centres", "values": [2, 4, 8]]
    ],
    "report": ["subject": "darec", "resamples": 10000],
  ]
}
