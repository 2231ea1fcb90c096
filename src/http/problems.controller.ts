import { Controller, Get, Param, VERSION_NEUTRAL } from '@nestjs/common';
import { OpenToAll } from './open-to-all.js';
import { ProblemError } from './problem.js';
import { describedProblem, PROBLEMS, type ProblemCode } from './problems.js';

const isCode = (code: string): code is ProblemCode => Object.hasOwn(PROBLEMS, code);

/** Describes the problem codes: open to all. */
@Controller({ path: 'problems', version: VERSION_NEUTRAL })
@OpenToAll()
export class ProblemsController {
  @Get()
  all() {
    return { data: Object.keys(PROBLEMS).filter(isCode).map(describedProblem) };
  }

  @Get(':code')
  one(@Param('code') code: string) {
    if (!isCode(code)) throw new ProblemError('not_found', 'Unknown problem code. GET /problems lists all codes.');
    return describedProblem(code);
  }
}
