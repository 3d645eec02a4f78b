// Failures that belong to a run itself: doing it again would give them again.

import Baselines
import Files
import Numerics
import Training

/// A failure that decides a run.
///
/// All others (a full disk, a file that is gone) leave the run to be done again.
package protocol RunFailure: DescribedFailure {}

extension TrainingError: RunFailure {}

extension BaselineError: RunFailure {}

extension LinearAlgebraError: RunFailure {}
