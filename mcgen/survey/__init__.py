"""What the plots and the report show of an events file: computed here, in one pass and bounded memory."""

from mcgen.survey.histogram import YieldHistogram
from mcgen.survey.survey import Survey, survey_of

__all__ = ["Survey", "YieldHistogram", "survey_of"]
